import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PLACES_IN_ROW } from '../../shared/domain/house.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import type { PrismaClient } from '../../shared/platform/prisma.ts';
import { Prisma } from '../../shared/platform/prisma-client/client.ts';
import { createBookingStore } from '../../shared/stores/postgres/bookings.ts';
import { createHoldStore } from '../../shared/stores/postgres/holds.ts';
import { createOrderStore } from '../../shared/stores/postgres/orders.ts';
import { defineScript, scriptText } from '../../shared/stores/redis/scripts.ts';
import { createSeatStore } from '../../shared/stores/seats.ts';
import type { Stores } from '../../shared/stores/stores.ts';
import { historyCount } from '../support/history-count.ts';
import { historyWorkers, type Plant, type Stage } from '../support/history-stage.ts';
import {
  type Group,
  smallEndingGroup,
  smallGroup,
  smallPayingGroup,
  TOGETHER,
  twoGroups,
} from '../support/history-steps.ts';
import { LIMIT, PRICE, SEATS } from '../support/model-state.ts';
import { play } from '../support/play-histories.ts';
import { useSystem } from '../support/system.ts';

const { histories: COUNT, options, progress } = historyCount();
const PAIRS = Math.ceil(COUNT / TOGETHER / 2);

/** Groups of histories in which a planted bug must be found. */
const MOST_GROUPS = 20;

const system = useSystem({ ZONES: 1, ROWS: TOGETHER, SEATS_PER_ROW: SEATS });

const nothingPlanted: Plant = (request) => request;
const played = { groups: 0, endings: 0, returns: 0, lateSales: 0 };
const madeReleases: Stage['madeReleases'] = [];
let run: Stage['run'];

const workers = (planted: Partial<Stores> = {}) => historyWorkers(system(), madeReleases, planted);

const property = (plant: Plant, groups: fc.Arbitrary<readonly Group[]>) =>
  fc.asyncProperty(groups, async (all) => {
    for (const group of all) {
      await play({ system, run, plant, madeReleases, played }, group);
      progress(played.groups * TOGETHER);
    }
  });

/** Plays histories until one finds the bug. @returns whether one did, otherwise than by an error of a script */
async function isFound(plant = nothingPlanted, groups = smallGroup): Promise<boolean> {
  const found = await fc.check(property(plant, groups), { numRuns: MOST_GROUPS, endOnFailure: true });
  return found.failed && !String(found.errorInstance).includes('ReplyError');
}

beforeAll(async () => {
  await system().stopWorkers(); // only the histories sweep
  await system().prisma.event.update({ where: { id: 1 }, data: { seatLimit: LIMIT, generation: { increment: 1 } } });
  const area = { eventId: 1, rows: 1, seatsPerRow: PLACES_IN_ROW, isArea: true, capacity: SEATS, price: PRICE };
  const numbers = Array.from({ length: TOGETHER / 2 }, (_, i) => i + 2); // for every second history
  await system().prisma.zone.createMany({ data: numbers.map((number) => ({ ...area, number })) });
});

beforeEach(async () => {
  await system().redis.flushdb();
  run = workers();
});

test(
  `${2 * PAIRS * TOGETHER} histories of holds, sales, changes, expiry, retries and ends have the outcomes of the model`,
  async () => {
    Object.assign(played, { groups: 0, endings: 0 });
    await fc.assert(property(nothingPlanted, twoGroups), { numRuns: PAIRS, ...options });
    expect(played.groups * TOGETHER).toBeGreaterThanOrEqual(COUNT);
    expect(played.returns).toBeGreaterThan(0);
    expect(played.lateSales).toBeGreaterThan(PAIRS);
    expect(played.endings).toBeGreaterThan(0);
    expect(await system().prisma.trailEntry.count({ where: { act: 'return' } })).toBe(played.returns);
  },
  600_000 + PAIRS * 20_000,
);

test('the histories find a planted bug: any user may change a hold', async () => {
  const asOwner: Plant = (request, model) => {
    const owner = model.bookings.find(({ id }) => id === request.bookingId)?.userId;
    return { ...request, userId: owner ?? request.userId };
  };
  expect(await isFound(asOwner)).toBe(true);
});

test('the histories find a planted bug: a hold can be returned', async () => {
  const asCancel: Plant = (request, model) => {
    const owner = model.bookings.find(({ id }) => id === request.bookingId);
    const isHold = request.kind === 'return' && owner?.status === 'PENDING';
    return isHold ? { ...request, kind: 'cancel', userId: owner.userId } : request;
  };
  expect(await isFound(asCancel)).toBe(true);
});

test('the histories find a planted bug: a change that is delivered again is made again', async () => {
  const { holds, prisma } = system();
  const change: typeof holds.change = async (requests, isAllowed) => {
    const ids = requests.map(({ ticketId }) => ticketId);
    await prisma.bookingChange.updateMany({ where: { ticketId: { in: ids } }, data: { ticketId: null } });
    return holds.change(requests, isAllowed);
  };
  run = workers({ holds: { ...holds, change } });
  const isFoundThen = await isFound();
  run = workers();
  expect(isFoundThen).toBe(true);
});

test.each([
  ['released seats still count for their buyer', 'removeBuyerSeat(buyersKey(tag, event), user, owner)', ''],
  ['seats are released for any owner', 'holderOf(tag, seat) == owner', 'true'],
  ['sold seats are freed as often as they are released', 'or isFirst(once) then', 'or true then'],
])('the histories find a planted bug: %s', async (_bug, fence, without) => {
  const { redis } = system();
  const sound = scriptText('releaseSeats');
  const broken = sound.replace(fence, without);
  expect(broken).not.toBe(sound);
  defineScript(redis, 'releaseSeats', broken);
  const found = await isFound();
  defineScript(redis, 'releaseSeats');
  expect(found).toBe(true);
});

/** PostgreSQL with another text in the statements of a store, also in its transactions. */
function withSql<Client extends PrismaClient | Prisma.TransactionClient>(
  client: Client,
  sound: string,
  broken: string,
): Client {
  const raw =
    (name: '$queryRaw' | '$executeRaw') =>
    (parts: TemplateStringsArray, ...given: unknown[]) => {
      const { strings, values } = Prisma.sql(parts, ...given);
      const rewritten = strings.map((part) => part.replaceAll(sound, broken));
      return client[name](Prisma.sql(rewritten, ...values));
    };
  type Work = (transaction: Prisma.TransactionClient) => Promise<unknown>;
  const inTransaction = (work: Work) =>
    (client as PrismaClient).$transaction((transaction) => work(withSql(transaction, sound, broken)));
  const replaced: Record<string | symbol, unknown> = {
    $queryRaw: raw('$queryRaw'),
    $executeRaw: raw('$executeRaw'),
    $transaction: inTransaction,
  };
  return new Proxy(client, { get: (target, name) => replaced[name] ?? Reflect.get(target, name) });
}

test('the histories find a planted bug: a hold that gives its last seat up is reduced, by the feed', async () => {
  const [{ sound } = { sound: '' }] = await system().prisma.$queryRaw<{ sound: string }[]>`
    SELECT pg_get_functiondef('note_changed_bookings'::regproc) AS sound`;
  const broken = sound.replace('CASE', `CASE WHEN "kind" = 'reduce' THEN 'reduced'`);
  expect(broken).not.toBe(sound);
  await system().prisma.$executeRawUnsafe(broken);
  const found = await isFound();
  await system().prisma.$executeRawUnsafe(sound);
  expect(found).toBe(true);
});

const exchangeBugs: [string, (stores: ReturnType<typeof system>) => Partial<Stores>][] = [
  [
    'an exchange gives the old seats up before it takes the new ones',
    ({ holds }) => ({
      holds: {
        ...holds,
        async exchange(request, chosen) {
          const seats = chosen.seatsBefore.filter((label) => !chosen.seats.includes(label));
          const { bookingId, userId, by } = request;
          const kind = by === undefined ? 'reduce' : 'return';
          const first = { ticketId: newTicketId(0), bookingId, userId, by, kind, seats } as const;
          if (seats.length > 0 && seats.length < chosen.seatsBefore.length) await holds.change([first]);
          return holds.exchange(request, {
            ...chosen,
            seatsBefore: chosen.seatsBefore.filter((s) => !seats.includes(s)),
          });
        },
      },
    }),
  ],
  [
    'an exchange that is delivered again is made again',
    ({ holds }) => ({ holds: { ...holds, madeExchange: async () => undefined } }),
  ],
];

test.each(exchangeBugs)('the histories find a planted bug: %s', async (_bug, plant) => {
  run = workers(plant(system()));
  expect(await isFound()).toBe(true);
});

const orderBugs: [bug: string, sound: string, broken: string][] = [
  [
    'a late order does not check whether its seats are free',
    'ON CONFLICT DO NOTHING RETURNING zone, row, number',
    `ON CONFLICT (event_id, zone, row, number) DO UPDATE SET booking_id = EXCLUDED.booking_id
      RETURNING seat.zone, seat.row, seat.number`,
  ],
  ['a late order takes its seats in the name of its hold', 'nullif(owner, booking_id)', 'NULL'],
  ['a late order does not count for its buyer', 'seats = buyer.seats + EXCLUDED.seats', 'seats = buyer.seats'],
  ['an order that is delivered again is applied twice', "status = 'OPEN'", "status IN ('OPEN', 'PAID')"],
  ['an order whose money is due sells later', "status = 'OPEN'", "status IN ('OPEN', 'REFUND_DUE')"],
];

test.each(orderBugs)('the histories find a planted bug: %s', async (_bug, sound, broken) => {
  const { prisma, trail } = system();
  run = workers({ orders: createOrderStore({ prisma: withSql(prisma, sound, broken), trail }) });
  expect(await isFound(nothingPlanted, smallPayingGroup)).toBe(true);
});

test('the histories find a planted bug: a payment that was refused is sold when it is told again', async () => {
  const { orders, prisma } = system();
  const tell: typeof orders.tell = async (told) => {
    await prisma.order.updateMany({ where: { status: 'REFUND_DUE' }, data: { status: 'OPEN', code: null } });
    return orders.tell(told);
  };
  run = workers({ orders: { ...orders, tell } });
  expect(await isFound(nothingPlanted, smallPayingGroup)).toBe(true);
});

const givingBugs: [bug: string, sound: string, broken: string][] = [
  [
    'seats are released by the id of their booking',
    'coalesce(seat.taken_by, seat.booking_id) AS owner',
    'seat.booking_id AS owner',
  ],
  ['a return leaves its order as it is', '(l.cost > 0 OR l.is_all)', 'FALSE'],
];

test.each(givingBugs)('the histories find a planted bug: %s', async (_bug, sound, broken) => {
  const { prisma, trail } = system();
  run = workers({ holds: createHoldStore({ prisma: withSql(prisma, sound, broken), trail }) });
  expect(await isFound()).toBe(true);
});

/** An event that goes on in the generation in which it ended. */
const withoutNewGeneration = ({ events, prisma }: ReturnType<typeof system>): Stores['events'] => ({
  ...events,
  async change(eventId, change, transaction) {
    const { generation } = await prisma.event.findUniqueOrThrow({ where: { id: eventId } });
    const before = await events.change(eventId, change, transaction);
    await transaction.event.update({ where: { id: eventId }, data: { generation } });
    return before;
  },
});

const endingBugs: [bug: string, plant: (stores: ReturnType<typeof system>) => Partial<Stores>][] = [
  [
    'a claim is saved after the end',
    ({ prisma }) => {
      const withoutEnds = withSql(prisma, 'coalesce(event_now.ends_at > clock_timestamp(), TRUE)', 'TRUE');
      return { bookings: createBookingStore({ prisma: withoutEnds }) };
    },
  ],
  [
    'the house of an ended event is opened again',
    ({ events, redisShards: redis, ...stores }) => ({
      seats: createSeatStore({ ...stores, redis, shards: 1, events: { ...events, hasEnded: async () => false } }),
    }),
  ],
  ['an event goes on in the generation that ended', (stores) => ({ events: withoutNewGeneration(stores) })],
  [
    'a release after the end is lost',
    ({ events, releases }) => ({
      releases: {
        ...releases,
        deleteOfEnded: async () => true,
        findGiving: async (except) => ((await events.hasEnded(1)) ? [] : releases.findGiving(except)),
      },
    }),
  ],
];

test.each(endingBugs)('the histories find a planted bug: %s', async (_bug, plant) => {
  run = workers(plant(system()));
  expect(await isFound(nothingPlanted, smallEndingGroup)).toBe(true);
});
