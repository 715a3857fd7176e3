import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BookRequest, ChangeRequest } from '../../shared/contract/jobs.ts';
import type { Outcome } from '../../shared/contract/tickets.ts';
import { groupBy } from '../../shared/domain/group-by.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { scriptKeys, scriptText } from '../../shared/stores/redis/scripts.ts';
import { createBook } from '../../workers/book-seats.ts';
import { createChange } from '../../workers/change-bookings.ts';
import { createExpire, createReleaseSeats } from '../../workers/expire-holds.ts';
import { LIMIT, Model, type ModelBooking, SEATS, type Step } from '../support/booking-model.ts';
import { historiesAsked } from '../support/histories-asked.ts';
import { useSystem } from '../support/system.ts';

// Each history plays in a short row of its own, with two buyers of its own. Fifty go side by side, step by
// step: their requests meet in the same batches, as in life.
const TOGETHER = 50;
const { histories: ASKED, options, tell } = historiesAsked();
const GROUPS = Math.ceil(ASKED / TOGETHER);
const system = useSystem({ ZONES: 1, ROWS: TOGETHER, SEATS_PER_ROW: SEATS });

/** How changes reach PostgreSQL: a planted bug may stand in between. */
type Plant = (request: ChangeRequest, model: Model) => ChangeRequest;
const nothingPlanted: Plant = (request) => request;

let run: ReturnType<typeof workers>;
let groups = 0;
let returned = 0;

function workers() {
  const { seats, rooms, bookings, tickets, holds, log } = system();
  const releaseSeats = createReleaseSeats({ holds, seats });
  return {
    book: createBook({ seats, rooms, bookings, tickets, log }),
    change: createChange({ holds, seats, tickets, releaseSeats, log }),
    sweep: createExpire({ holds, releaseSeats }),
  };
}

const outcomesOf = (requests: readonly { ticketId: string }[]) =>
  system().outcomesOf(requests.map((request) => request.ticketId));

/** Two jobs at once, as two workers would have them. */
async function inTwoJobs<Request>(requests: readonly Request[], job: (some: readonly Request[]) => Promise<void>) {
  const halves = [requests.filter((_, i) => i % 2 === 0), requests.filter((_, i) => i % 2 === 1)];
  await Promise.all(halves.filter((some) => some.length > 0).map(job));
}

async function play(histories: readonly Step[][], plant: Plant): Promise<void> {
  await system().clearEvent();
  await system().seats.open(1);
  groups += 1;
  const models = histories.map((_, i) => new Model(i + 1, `${groups}-${i}`));
  const longest = Math.max(...histories.map((history) => history.length));
  for (let at = 0; at < longest; at += 1) {
    const now = models.flatMap((model, i) => {
      const step = histories[i]?.[at];
      return step === undefined ? [] : [{ model, step }];
    });
    await lapse(
      now.flatMap(({ model, step }) => (step.do === 'lapse' ? (picked(model.bookings, step.which) ?? []) : [])),
    );
    await bookAll(now);
    await changeAll(now, plant);
    if (now.some(({ step }) => step.do === 'forget release')) {
      await system().prisma.$executeRaw`UPDATE booking SET released_at = NULL`;
      await run.sweep();
      for (const model of models) model.sweep();
    }
    if (now.some(({ step }) => step.do === 'sweep')) {
      await run.sweep();
      for (const model of models) model.sweep();
    }
  }
  const saved = groupBy(await system().prisma.seat.findMany({ orderBy: { number: 'asc' } }), (seat) => seat.row);
  for (const model of models) {
    const expected = model.owner.flatMap((id, seat) => (id === undefined ? [] : [{ number: seat + 1, bookingId: id }]));
    const seats = saved.get(model.row) ?? [];
    expect(seats.map(({ number, bookingId }) => ({ number, bookingId }))).toEqual(expected);
  }
  returned += models.flatMap(({ bookings }) => bookings).filter(({ status }) => status === 'RETURNED').length;
  await run.sweep(); // what was cancelled last is told to Redis
  const lapsed = models.some(({ bookings }) => bookings.some((one) => one.lapsed && one.status === 'PENDING'));
  tell(groups * TOGETHER);
  if (!lapsed) expect((await auditEvent(1, system())).differences).toEqual([]);
}

const picked = <Item>(items: readonly Item[], which: number): Item | undefined => items[which % items.length];

async function lapse(bookings: readonly ModelBooking[]): Promise<void> {
  const due = bookings.filter((booking) => booking.status === 'PENDING');
  for (const booking of due) booking.lapsed = true;
  const data = { expiresAt: new Date(Date.now() - 1_000) };
  if (due.length > 0)
    await system().prisma.booking.updateMany({ where: { id: { in: due.map(({ id }) => id) } }, data });
}

async function bookAll(now: readonly { model: Model; step: Step }[]): Promise<void> {
  const asked: { model: Model; request: BookRequest }[] = [];
  const again: BookRequest[] = [];
  for (const { model, step } of now) {
    if (step.do === 'hold') {
      const { who, count, start, key } = step;
      const wish = { zone: 1, row: model.row, count, ...(start === undefined ? {} : { start }) };
      const userId = model.user(who);
      const digest = `${model.name}-${userId}-${key}`;
      const idempotency = key === undefined ? undefined : { digest, fingerprint: JSON.stringify(wish) };
      const request = { ticketId: newTicketId(0), eventId: 1, wish, hold: true, userId, idempotency };
      model.requests.push(request);
      asked.push({ model, request });
    }
    if (step.do === 'retry') {
      const request = picked(model.requests, step.which);
      if (request === undefined) continue;
      if (step.forgotten) {
        await system().redis.del(`{s0}:ticket:${request.ticketId}`);
        asked.push({ model, request });
      } else {
        again.push(request);
      }
    }
  }
  if (again.length > 0) {
    const before = await outcomesOf(again);
    await run.book(0, again);
    expect(await outcomesOf(again)).toEqual(before);
  }
  await inTwoJobs(
    asked.map(({ request }) => request),
    (some) => run.book(0, some),
  );
  const outcomes = await outcomesOf(asked.map(({ request }) => request));
  for (const [i, { model, request }] of asked.entries()) model.booked(request, outcomes[i] as Outcome);
}

const OPERATOR = { name: 'admin token', address: '127.0.0.1' };

async function changeAll(now: readonly { model: Model; step: Step }[], plant: Plant): Promise<void> {
  const asked = now.flatMap(({ model, step }): { model: Model; request: ChangeRequest }[] => {
    if (step.do !== 'confirm' && step.do !== 'extend' && step.do !== 'cancel' && step.do !== 'return') return [];
    const booking = picked(model.bookings, step.which);
    if (booking === undefined) return [];
    if (step.do === 'return') {
      const request = { ticketId: newTicketId(0), bookingId: booking.id, kind: step.do, by: OPERATOR };
      return [{ model, request }];
    }
    const given = step.do === 'confirm' ? step.reference : undefined;
    const paymentReference = given === undefined ? undefined : `${model.name}-${given}`;
    const ids = { ticketId: newTicketId(0), bookingId: booking.id, userId: model.user(step.who) };
    return [{ model, request: { ...ids, kind: step.do, paymentReference } }];
  });
  await inTwoJobs(asked, (some) =>
    run.change(
      0,
      some.map(({ model, request }) => plant(request, model)),
    ),
  );
  const outcomes = await outcomesOf(asked.map(({ request }) => request));
  for (const [i, { model, request }] of asked.entries()) model.changed(request, outcomes[i] as Outcome);
}

const who = fc.integer({ min: 0, max: 1 });
const which = fc.nat({ max: 20 });
const maybe = (max: number) => fc.option(fc.nat({ max }), { nil: undefined });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({
        do: fc.constant('hold' as const),
        who,
        count: fc.integer({ min: 1, max: 3 }),
        start: maybe(SEATS - 1),
        key: maybe(1),
      })
      .filter(({ start = 0, count }) => start + count <= SEATS),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('confirm' as const), who, which, reference: maybe(1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('extend' as const, 'cancel' as const), who, which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('return' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lapse' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('sweep' as const, 'forget release' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('retry' as const), which, forgotten: fc.boolean() }) },
);
const histories = fc.array(fc.array(step, { minLength: 3, maxLength: 12 }), {
  minLength: TOGETHER,
  maxLength: TOGETHER,
});

const property = (plant: Plant) => fc.asyncProperty(histories, (some) => play(some, plant));

beforeAll(async () => {
  await system().stopWorkers(); // nobody sweeps but the histories
  await system().prisma.event.update({ where: { id: 1 }, data: { seatLimit: LIMIT } });
  run = workers();
});

beforeEach(async () => {
  await system().redis.flushdb();
});

test(
  `${TOGETHER * GROUPS} histories of hold, confirm, extend, cancel, return, expire and retry go as the model has them`,
  async () => {
    groups = 0;
    await fc.assert(property(nothingPlanted), { numRuns: GROUPS, ...options });
    expect(groups * TOGETHER).toBeGreaterThanOrEqual(ASKED);
    expect(returned).toBeGreaterThan(0);
    expect(await system().prisma.trailEntry.count({ where: { act: 'return' } })).toBe(returned);
  },
  600_000 + GROUPS * 5_000,
);

test('the histories find a planted bug: anybody may change a hold', async () => {
  const asOwner: Plant = (request, model) => {
    const owner = model.bookings.find(({ id }) => id === request.bookingId)?.userId;
    return { ...request, userId: owner ?? request.userId };
  };
  expect((await fc.check(property(asOwner), { numRuns: GROUPS, endOnFailure: true })).failed).toBe(true);
});

test('the histories find a planted bug: a hold can be returned', async () => {
  const asCancel: Plant = (request, model) => {
    const owner = model.bookings.find(({ id }) => id === request.bookingId);
    const isHold = request.kind === 'return' && owner?.status === 'PENDING';
    return isHold ? { ...request, kind: 'cancel', userId: owner.userId } : request;
  };
  expect((await fc.check(property(asCancel), { numRuns: GROUPS, endOnFailure: true })).failed).toBe(true);
});

test('the histories find a planted bug: returned seats still count for their buyer', async () => {
  const define = (lua: string) =>
    system().redis.defineCommand('releaseSeats', { numberOfKeys: scriptKeys.releaseSeats.length, lua });
  const sound = scriptText('releaseSeats');
  const broken = sound.replace('  uncount(user, id)\n', '');
  expect(broken).not.toBe(sound);
  define(broken);
  const found = await fc.check(property(nothingPlanted), { numRuns: GROUPS, endOnFailure: true });
  define(sound);
  expect(found.failed).toBe(true);
});

test('the histories find a planted bug: seats are freed whoever owns them', async () => {
  const define = (lua: string) =>
    system().redis.defineCommand('releaseSeats', { numberOfKeys: scriptKeys.releaseSeats.length, lua });
  const sound = scriptText('releaseSeats');
  const broken = sound.replace("(redis.call('GET', lock) or '') == id", 'true');
  expect(broken).not.toBe(sound);
  define(broken);
  const found = await fc.check(property(nothingPlanted), { numRuns: GROUPS, endOnFailure: true });
  define(sound);
  expect(found.failed).toBe(true);
});
