import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../../local/embedded/free-port.ts';
import { embeddedPostgres } from '../../local/embedded/postgres.ts';
import { embeddedRedis } from '../../local/embedded/redis.ts';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import { labelOf } from '../../shared/domain/house.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { openPrisma } from '../../shared/platform/prisma.ts';
import { connected, openRedis } from '../../shared/platform/redis.ts';
import { exitOnStartFault } from '../../shared/platform/shutdown.ts';
import { prepareDatabase } from '../../shared/stores/prepare.ts';
import { rowsOfZone } from '../../shared/stores/redis/seat-bitmaps.ts';
import { createStores, type Stores } from '../../shared/stores/stores.ts';
import { wholeOf } from '../kit/options.ts';
import { createRandom } from '../kit/random.ts';

const HELP = `npm run contend -- [options]

Fights for one row and one zone through the scripts alone, over several connections at once, on servers of its own: claims of 1 to 5
seats, releases, and retries of claims, until so many attempts were made. Every seat that a claim got is held against who has it.
Ends with 1 where a seat was given twice, a retry got other seats, or Redis ends with other seats than were given.

  --attempts N      claims to try       (default 1000000)
  --connections N   connections to Redis (default 8)
  --seed N          what the wishes are made from (default: from the clock, printed)
  --help`;

const HOUSE = { ZONES: 1, ROWS: 20, SEATS_PER_ROW: 65 };
const BATCH = 250;

/** How often a claim is given back, once it has its seats, and how often its job comes again. */
const RELEASE_SHARE = 0.9;
const RETRY_SHARE = 0.1;

/** Servers of its own, and as many seat stores as connections. */
async function openServers(folder: string, connections: number) {
  const options = async (name: string) => ({
    folder: join(folder, name),
    port: await freePort(),
    logFile: join(folder, `${name}.log`),
    environment: process.env,
    progress: (line: string) => console.error(line),
  });
  const [postgres, redis] = [
    await embeddedPostgres(await options('postgres')),
    await embeddedRedis(await options('redis')),
  ];
  const servers = await Promise.all([postgres.start(), redis.start()]);
  await prepareDatabase(postgres.url, { ...HOUSE, AUTH: 'off', NODE_ENV: 'development' });
  const prisma = openPrisma(postgres.url, 2);
  const log = createLogger({ LOG_LEVEL: 'warn' }, 'contend');
  const clients = Array.from({ length: connections }, () => openRedis(redis.url, 'worker', log));
  await Promise.all(clients.map((client) => connected(client)));
  const stores = clients.map((redis) => createStores({ redis, prisma, shards: 1 }).seats);
  return {
    clients,
    stores,
    async close() {
      for (const client of clients) client.disconnect();
      await prisma.$disconnect();
      await Promise.all(servers.map((server) => server.stop(3_000)));
    },
  };
}

type Seats = Stores['seats'];

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const options = { attempts: text, connections: text, seed: text, help: { type: 'boolean', short: 'h' } } as const;
  const { values } = parseArgs({ options });
  if (values.help) return void console.log(HELP);
  const whole = wholeOf(values);
  const attempts = whole('attempts', 1_000_000, 1, 1e9);
  const connections = whole('connections', 8, 1, 1e9);
  const seed = whole('seed', 1 + (Date.now() % 1_000_000), 1, 1e9);
  const random = createRandom(seed);

  const folder = mkdtempSync(join(tmpdir(), 'frontrow-contend-'));
  const { clients, stores, close } = await openServers(folder, connections);
  const [store] = stores;
  if (store === undefined) throw new Error('there is no connection');
  const house = await store.open(1);
  console.log(`${attempts} attempts over ${connections} connections (seed ${seed})`);

  const owners = new Map<string, string>();
  const counts = { tried: 0, got: 0, refused: 0, released: 0, retried: 0, twice: 0, changed: 0 };
  const newRequest = (): BookRequest => {
    const count = 1 + Math.floor(random() * 5);
    return {
      ticketId: newTicketId(0),
      eventId: 1,
      wish: { zone: 1, ...(random() < 0.5 ? { row: 1 } : {}), count },
      hold: false,
    };
  };

  /** Claims a batch, notes who has what, repeats some, and gives most of it back. */
  async function fight(seats: Seats, client: (typeof clients)[number]): Promise<void> {
    while (counts.tried < attempts) {
      const requests = Array.from({ length: Math.min(BATCH, attempts - counts.tried) }, newRequest);
      counts.tried += requests.length;
      const decisions = await seats.claim(0, requests);
      const won: { ticketId: string; seats: string[]; request: BookRequest }[] = [];
      for (const [i, request] of requests.entries()) {
        const decision = decisions[i];
        if (decision?.kind !== 'got') continue;
        for (const label of decision.seats) {
          if (owners.has(label)) counts.twice += 1;
          owners.set(label, request.ticketId);
        }
        won.push({ ticketId: request.ticketId, seats: decision.seats, request });
      }
      counts.got += won.length;
      counts.refused += requests.length - won.length;
      const again = won.filter(() => random() < RETRY_SHARE);
      const repeated =
        again.length === 0
          ? []
          : await seats.claim(
              0,
              again.map(({ request }) => request),
            );
      counts.retried += again.length;
      for (const [i, { seats: labels }] of again.entries()) {
        const decision = repeated[i];
        if (decision?.kind !== 'got' || decision.seats.join() !== labels.join()) counts.changed += 1;
      }
      const back = won.filter(() => random() < RELEASE_SHARE);
      if (back.length > 0) await giveBack(seats, back);
      await client.unlink(requests.map(({ ticketId }) => `{s0}:ticket:${ticketId}`));
      // The house fills with what is kept; now and then all of it goes back, so that the fight goes on.
      if (owners.size > 1_200) await giveAllBack();
    }
  }

  async function giveAllBack(): Promise<void> {
    const all = [...owners].map(([label, ticketId]) => ({ ticketId, seats: [label] }));
    if (store !== undefined) await giveBack(store, all);
  }

  /** From here on anybody may have these seats; what somebody else has got meanwhile stays theirs. */
  async function giveBack(seats: Seats, holdings: readonly { ticketId: string; seats: string[] }[]): Promise<void> {
    for (const { ticketId, seats: labels } of holdings) {
      for (const label of labels) if (owners.get(label) === ticketId) owners.delete(label);
    }
    const freed = await seats.release(1, holdings);
    counts.released += freed;
  }

  const progress = setInterval(() => process.stderr.write(`  ${counts.tried} tried, ${counts.got} got seats\n`), 5_000);
  const started = performance.now();
  try {
    await Promise.all(stores.map((seats, i) => fight(seats, clients[i] as (typeof clients)[number])));
    const taken = await store.takenIn(1, house.zones.flatMap(rowsOfZone));
    const wrong = taken.filter(({ seat, owner }) => owners.get(labelOf(seat)) !== owner).length;
    const apart = wrong + Math.abs(taken.length - owners.size);
    const seconds = (performance.now() - started) / 1000;
    console.log(`  got seats           ${counts.got}
  refused             ${counts.refused}
  seats given back    ${counts.released}
  retries             ${counts.retried}
  seconds             ${seconds.toFixed(0)} (${Math.round(counts.tried / seconds)} attempts a second)

  sold twice          ${counts.twice}
  retries that got other seats    ${counts.changed}
  seats in Redis that were not given, or given and not there    ${apart}`);
    process.exitCode = counts.twice + counts.changed + apart === 0 ? 0 : 1;
  } finally {
    clearInterval(progress);
    await close();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main().catch(exitOnStartFault);
