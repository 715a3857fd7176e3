import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { auditEvent } from '../../shared/stores/audit.ts';
import type { Reply } from '../support/client.ts';
import { holdsIn } from '../support/holds.ts';
import { cleanUp, run, until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { useSystem } from '../support/system.ts';

// I13 under kills: a shop tells payments until they are answered, while the workers that decide them are killed.

const system = useSystem({ ZONES: 1, ROWS: 20, SEATS_PER_ROW: 20 }, { redis: ownRedis });
const { hold, post, cancel } = holdsIn(system);

/** Rounds, each with a worker that is killed, and payments in each of them: every second one is for an ended hold. */
const ROUNDS = 4;
const PAYMENTS = 12;

beforeAll(() => system().stopWorkers());
afterEach(cleanUp);

/** Starts a worker process. It takes jobs before it says that it is ready. */
function startWorker() {
  const { databaseUrl, redisUrl } = system();
  return run('workers/main', [], { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, LOG_LEVEL: 'info' });
}

/** Holds for as many buyers, and ends every second one. Returns their ids by the number of their buyer. */
async function makeHolds(firstBuyer: number): Promise<Map<number, string>> {
  const buyers = Array.from({ length: PAYMENTS }, (_, i) => firstBuyer + i);
  const replies = await Promise.all(buyers.map((buyer) => hold(buyer, { zone: 1, count: 2 })));
  const holds = new Map(buyers.map((buyer, i) => [buyer, String(replies[i]?.body.id)]));
  await Promise.all([...holds].map(([buyer, id]) => (buyer % 2 === 0 ? cancel(id, buyer) : undefined)));
  return holds;
}

/** Tells a payment until it has an answer, as a shop does. */
async function tell(userId: number, bookingId: string): Promise<Reply> {
  for (;;) {
    const reply = await post('/api/orders', { userId, bookingIds: [bookingId], paymentReference: `of ${userId}` });
    if (reply.body.code !== 'ORDER_UNDECIDED') return reply;
  }
}

test('each payment ends as seats, whenever a worker is killed', async () => {
  const countDecided = () => system().prisma.order.count({ where: { status: { not: 'OPEN' } } });
  for (let round = 0; round < ROUNDS; round += 1) {
    await system().resumeWorkers();
    const holds = await makeHolds(1 + round * PAYMENTS);
    await system().stopWorkers();
    const answers = Promise.all([...holds].map(([buyer, id]) => tell(buyer, id)));
    const isTold = async () => (await system().prisma.order.count()) === (round + 1) * PAYMENTS;
    await until(isTold, 20_000);

    const decidedBefore = await countDecided();
    const dying = startWorker();
    while ((await countDecided()) === decidedBefore); // it is killed between its decision and Redis
    dying.kill('SIGKILL');
    await dying.ended;

    const worker = startWorker();
    for (const { status, body } of await answers)
      expect({ status, body }).toMatchObject({ status: 200, body: { status: 'PAID' } });
    await until(async () => (await auditEvent(1, system())).differences.length === 0, 60_000, worker.output);
    worker.kill('SIGTERM');
    await worker.ended;
  }
  expect(await system().prisma.booking.count({ where: { status: 'CONFIRMED' } })).toBe(ROUNDS * PAYMENTS);
}, 300_000);
