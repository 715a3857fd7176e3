import { createConnection, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, Command, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from './logger.ts';

/** Milliseconds in which a node of the cluster must say which masters there are. */
const ANSWER_MS = 1_000;

/** Milliseconds between two searches for the master of a slot while no node answers, or none has the slot. */
const SEARCH_MS = 200;

/** The slot of a cluster that has a key. */
export const slotOf = (key: string): number => new Command('get', [key]).getSlot();

/** A server of a cluster. */
export type ClusterNode = { host: string; port: number };

/** Slots and the nodes that have them, the master first. */
type SlotRange = { first: number; last: number; nodes: ClusterNode[] };

/** Asks a node which masters have which slots. A node that does not know its own name shows none. */
async function askNode(node: ClusterNode, options: RedisOptions): Promise<SlotRange[]> {
  const redis = new Redis({
    ...options,
    ...node,
    lazyConnect: true,
    connectTimeout: ANSWER_MS,
    commandTimeout: ANSWER_MS,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    replyMapping: 'legacy',
  });
  let cause: Error | undefined; // the certificate, say: ioredis itself says only that the connection is closed
  redis.on('error', (fault) => {
    cause = fault;
  });
  try {
    await redis.connect().catch((fault: Error) => Promise.reject(cause ?? fault));
    const ranges = await redis.cluster('SLOTS');
    return ranges.map(([first, last, ...shown]) => ({
      first,
      last,
      nodes: shown.map(([host, port]) => ({ host: host || node.host, port })),
    }));
  } finally {
    redis.disconnect();
  }
}

/**
 * Finds the masters of a cluster. Questions at the same time are one, to every node that is known; the first answer
 * counts.
 *
 * @param seeds nodes to begin with
 * @param options user, password and TLS
 */
export function createMasterFinder(seeds: readonly ClusterNode[], options: RedisOptions, log: Logger) {
  let told: readonly ClusterNode[] = [];
  let asking: Promise<SlotRange[]> | undefined;
  let isUnanswered = false;

  async function ask(): Promise<SlotRange[]> {
    const byName = new Map([...seeds, ...told].map((node) => [`${node.host}:${node.port}`, node]));
    const ranges = await Promise.any([...byName.values()].map((node) => askNode(node, options)));
    told = ranges.flatMap(({ nodes }) => nodes);
    isUnanswered = false;
    return ranges;
  }

  /** Logs the beginning of an outage, not each search. */
  function noteFault({ errors }: AggregateError): SlotRange[] {
    if (!isUnanswered) log.warn({ faults: errors.map(String) }, 'no node of the cluster says which masters there are');
    isUnanswered = true;
    return [];
  }

  /** The master of a slot now; undefined where no node answers, or no master has the slot. */
  return async function masterOf(slot: number): Promise<ClusterNode | undefined> {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    const ranges = await asking.catch(noteFault);
    return ranges.find(({ first, last }) => first <= slot && slot <= last)?.nodes[0];
  };
}

export type MasterFinder = ReturnType<typeof createMasterFinder>;

/**
 * The connector of a connection that belongs to one slot of a cluster: each time that it connects, it looks for the
 * slot's master, as ioredis does with Sentinels.
 *
 * @param onMaster called with the master that it connects to
 */
export function connectorTo(slot: number, masterOf: MasterFinder, onMaster: (master: ClusterNode) => void) {
  return class SlotConnector extends AbstractConnector {
    readonly #tls: RedisOptions['tls'];

    constructor(options: unknown) {
      const { disconnectTimeout = 2_000, tls } = options as RedisOptions;
      super(disconnectTimeout);
      this.#tls = tls;
    }

    /** It never fails, which would end the connection for good: one that was cut meanwhile gets a closed socket. */
    async connect(): Promise<Socket> {
      this.connecting = true;
      for (;;) {
        const master = await masterOf(slot);
        if (!this.connecting) return new Socket().destroy();
        if (master !== undefined) {
          onMaster(master);
          const stream = this.#tls ? connectTls({ ...master, ...this.#tls }) : createConnection(master);
          stream.once('error', (fault) => {
            this.firstError = fault;
          });
          this.stream = stream;
          return stream;
        }
        await sleep(SEARCH_MS);
      }
    }
  };
}
