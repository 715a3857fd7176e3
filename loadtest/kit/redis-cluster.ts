import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from '../../local/embedded/free-port.ts';
import { embeddedRedis } from '../../local/embedded/redis.ts';
import { type KillableServer, runServer } from './killable-server.ts';
import { moveSlotAsOne, moveSlotByKeys, movesAsOne } from './redis-reshard.ts';

/** Masters, each with one replica. */
const MASTERS = 3;
const SLOTS = 16_384;

/** The password of every node. Its characters have a meaning in addresses. */
const CLUSTER_PASSWORD = 'cluster/pass@word';

/**
 * Milliseconds of silence after which nodes count another one as failed. Redis' default is 15,000, for which a test
 * would wait. With much less a busy machine would lose masters that are only slow.
 */
const NODE_TIMEOUT_MS = 2_000;

/** Milliseconds in which a cluster must reach a state. */
const STATE_TIMEOUT_MS = 60_000;

const SETTINGS = {
  'cluster-enabled': 'yes',
  'cluster-node-timeout': NODE_TIMEOUT_MS,
  'cluster-require-full-coverage': 'no',
  'cluster-allow-replica-migration': 'no', // else another master's replica may follow a master that has lost its own
  'repl-diskless-sync-delay': 0,
  'shutdown-timeout': 0, // else a master that stops waits for its replica, which stops too
  requirepass: CLUSTER_PASSWORD,
  masterauth: CLUSTER_PASSWORD,
};

export type ClusterNode = {
  id: string;
  port: number;
  server: KillableServer;
  /** A connection of an operator to this node. */
  redis: Redis;
  /** False while it is killed or frozen. */
  runs: boolean;
};

type ClusterOptions = { folder: string; environment?: NodeJS.ProcessEnv };

async function startNode({ folder, environment = process.env }: ClusterOptions, number: number) {
  const [port, busPort] = [await freePort(), await freePort()];
  const name = join(folder, `redis-${number}`);
  const progress = (line: string) => console.error(line);
  const embedded = await embeddedRedis(
    { folder: name, port, logFile: `${name}.log`, environment, progress },
    { own: { ...SETTINGS, 'cluster-port': busPort } },
  );
  const server = await runServer(embedded);
  const redis = new Redis(server.url);
  redis.on('error', () => undefined); // the node is killed on purpose
  await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', number); // masters of equal epochs would have to agree first
  return { id: String(await redis.call('CLUSTER', 'MYID')), port, busPort, server, redis, runs: true };
}

/** @throws Error where a state is not reached in time */
async function untilState(what: string, isReached: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + STATE_TIMEOUT_MS;
  while (!(await isReached())) {
    if (performance.now() > deadline) throw new Error(`not within ${STATE_TIMEOUT_MS / 1_000} s: ${what}`);
    await sleep(50);
  }
}

/** A node as another one sees it, a line of CLUSTER NODES. */
type SeenNode = { id: string; isMaster: boolean; isLinked: boolean; ranges: readonly (readonly [number, number])[] };

/** The cluster as one of its nodes sees it. */
async function viewOf({ redis }: ClusterNode): Promise<SeenNode[]> {
  const lines = String(await redis.call('CLUSTER', 'NODES'))
    .trim()
    .split('\n');
  return lines.map((line) => {
    const [id = '', , flags = '', , , , , link, ...slots] = line.split(' ');
    const whole = slots.filter((range) => !range.startsWith('[')); // [slot->-node]: it is being moved
    return {
      id,
      isMaster: flags.split(',').includes('master'),
      isLinked: link === 'connected' && !flags.includes('handshake'),
      ranges: whole.map((range) => {
        const [first = '', last = first] = range.split('-');
        return [Number(first), Number(last)] as const;
      }),
    };
  });
}

/** Whether every slot has a master that runs, by the view of each node that runs, and each master a replica. */
async function isWhole(nodes: readonly ClusterNode[]): Promise<boolean> {
  const running = nodes.filter(({ runs }) => runs);
  const infos = await Promise.all(running.map(({ redis }) => redis.call('CLUSTER', 'INFO')));
  if (!infos.every((info) => String(info).includes('cluster_state:ok'))) return false;
  const ids = new Set(running.map(({ id }) => id));
  const views = await Promise.all(running.map(viewOf));
  const owners = views.map((view) =>
    view.filter(({ ranges }) => ranges.length > 0).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  );
  const [expected = []] = owners;
  const slots = expected.flatMap(({ ranges }) => ranges.map(([first, last]) => last - first + 1));
  if (slots.reduce((sum, count) => sum + count, 0) !== SLOTS) return false;
  const texts = owners.map((view) => JSON.stringify(view.map(({ id, ranges }) => [id, ranges])));
  if (texts.some((text) => text !== texts[0]) || expected.some(({ id }) => !ids.has(id))) return false;
  const masters = running.filter(({ id }) => expected.some((owner) => owner.id === id));
  const states = await Promise.all(masters.map(({ redis }) => redis.info('replication')));
  return states.every((state) => /role:master\r\n/.test(state) && /slave\d+:.*state=online/.test(state));
}

/** The first slot that a master has at the start. */
const firstSlotOf = (master: number): number => Math.floor((master * SLOTS) / MASTERS);

/** Joins nodes to a cluster: the first ones rule the slots, each other one is the replica of one of these. */
async function joinNodes(nodes: readonly Awaited<ReturnType<typeof startNode>>[]): Promise<void> {
  const [masters, replicas] = [nodes.slice(0, MASTERS), nodes.slice(MASTERS)];
  for (const [i, { redis }] of masters.entries()) {
    await redis.call('CLUSTER', 'ADDSLOTSRANGE', firstSlotOf(i), firstSlotOf(i + 1) - 1);
  }
  for (const { port, busPort } of nodes.slice(1))
    await nodes[0]?.redis.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort);
  await untilState('the nodes know each other', async () => {
    const views = await Promise.all(nodes.map(viewOf));
    return views.every((view) => view.length === nodes.length && view.every(({ isLinked }) => isLinked));
  });
  for (const [i, { redis }] of replicas.entries()) await redis.call('CLUSTER', 'REPLICATE', masters[i]?.id ?? '');
  await untilState('the cluster is whole', () => isWhole(nodes));
}

/** Operators' views of a cluster, and their commands. */
function createOperator(nodes: readonly ClusterNode[]) {
  const running = () => nodes.filter(({ runs }) => runs);
  const untilWhole = () => untilState('the cluster is whole', () => isWhole(nodes));

  /** The node that rules a slot, by the view of the first that runs. @throws Error where no master does */
  async function rulerOf(slot: number): Promise<ClusterNode> {
    const [witness] = running();
    const view = witness === undefined ? [] : await viewOf(witness);
    const ruler = view.find(({ ranges }) => ranges.some(([first, last]) => first <= slot && slot <= last));
    const node = nodes.find(({ id }) => id === ruler?.id);
    if (node === undefined) throw new Error(`slot ${slot} has no master`);
    return node;
  }

  async function slotOf(key: string): Promise<number> {
    const [witness] = running();
    return Number(await witness?.redis.call('CLUSTER', 'KEYSLOT', key));
  }

  return {
    untilWhole,

    /** The master of a key, or of a hash tag. */
    masterOf: async (key: string): Promise<ClusterNode> => rulerOf(await slotOf(key)),

    /** Resolves once every node that runs sees the slots of this one at another. */
    untilReplaced: (node: ClusterNode) =>
      untilState('a replica is the master', async () => {
        const views = await Promise.all(running().map(viewOf));
        return views.every((view) => view.every(({ id, ranges }) => id !== node.id || ranges.length === 0));
      }),

    /**
     * Moves the slot of a key to another master: as one where the server can, else key by key. Then the slot is held
     * between both masters for `heldMs` longer than its keys take. Returns how it was moved.
     */
    async moveSlotOf(key: string, heldMs = 0): Promise<'as one' | 'key by key'> {
      const slot = await slotOf(key);
      const from = await rulerOf(slot);
      const rulers = await Promise.all(Array.from({ length: MASTERS }, (_, i) => rulerOf(firstSlotOf(i))));
      const to = rulers.find(({ id }) => id !== from.id);
      if (to === undefined) throw new Error('there is no other master');
      const isAtOnce = await movesAsOne(from);
      if (isAtOnce) await moveSlotAsOne(slot, from, to);
      else await moveSlotByKeys(slot, { from, to, masters: rulers, heldMs, password: CLUSTER_PASSWORD });
      await untilState(`slot ${slot} is moved`, async () => (await rulerOf(slot)).id === to.id);
      await untilWhole();
      return isAtOnce ? 'as one' : 'key by key';
    },
  };
}

/**
 * Starts a cluster of three masters with a replica each, of the server that `findRedis` finds. Its nodes can be killed,
 * frozen and started again, and its slots moved while it is used.
 */
export async function startRedisCluster(options: ClusterOptions) {
  const nodes: Awaited<ReturnType<typeof startNode>>[] = [];
  async function stop(): Promise<void> {
    for (const { redis } of nodes) redis.disconnect();
    await Promise.all(
      nodes.map(async ({ server, runs }) => {
        if (await server.hasEnded()) return;
        if (!runs) server.thaw();
        await server.stop();
      }),
    );
  }
  try {
    for (let number = 1; number <= 2 * MASTERS; number += 1) nodes.push(await startNode(options, number));
    await joinNodes(nodes);
  } catch (fault) {
    await stop();
    throw fault;
  }
  const [first, ...others] = nodes.map(({ port }) => `127.0.0.1:${port}`);
  return {
    ...createOperator(nodes),
    nodes: nodes as readonly ClusterNode[],
    /** The address as Frontrow gets it. */
    url: `redis://:${encodeURIComponent(CLUSTER_PASSWORD)}@${first}?cluster=${others.join(',')}`,
    stop,

    /** Kills a node, as a power cut does. */
    async kill(node: ClusterNode): Promise<void> {
      node.runs = false;
      await node.server.kill();
    },
    /** Starts a killed node on its data: it follows its successor. */
    async restart(node: ClusterNode): Promise<void> {
      await node.server.start();
      node.runs = true;
    },
    /** Stops a node's process without an end: it is as silent as behind a broken network, and has all its data. */
    freeze(node: ClusterNode): void {
      node.runs = false;
      node.server.freeze();
    },
    /** Lets a frozen node go on, as the master that it believes to be. */
    thaw(node: ClusterNode): void {
      node.server.thaw();
      node.runs = true;
    },
  };
}

export type RedisCluster = Awaited<ReturnType<typeof startRedisCluster>>;
