import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BookRequest, ChangeRequest } from '../../shared/contract/jobs.ts';
import type { Outcome } from '../../shared/contract/tickets.ts';
import { groupBy } from '../../shared/domain/group-by.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { batchKeyOf } from '../../shared/stores/redis/keys.ts';
import { defineScript, scriptText } from '../../shared/stores/redis/scripts.ts';
import { createBook } from '../../workers/book-seats.ts';
import { createChange } from '../../workers/change-bookings.ts';
import { createExpire, createReleaseSeats } from '../../workers/expire-holds.ts';
import { LIMIT, Model, type ModelBooking, SEATS, type Step } from '../support/booking-model.ts';
import { historyCount } from '../support/history-count.ts';
import { useSystem } from '../support/system.ts';

// Each history plays in a short row of its own, with two buyers of its own. A hundred are played side by side, step by
// step, so that their requests share batches.
const TOGETHER = 100;
const { histories: COUNT, options, progress } = historyCount();
const GROUPS = Math.ceil(COUNT / TOGETHER);
const system = useSystem({ ZONES: 1, ROWS: TOGETHER, SEATS_PER_ROW: SEATS });

/** Rewrites a change before a worker gets it: how a test plants a bug. */
type Plant = (request: ChangeRequest, model: Model) => ChangeRequest;
const nothingPlanted: Plant = (request) => request;

let run: ReturnType<typeof workers>;
let groups = 0;
let returnedBookings = 0;
/** Booking ids of the group before: releasing them again must free no seat of the current group. */
let previousIds: string[] = [];

function workers() {
  const { events, seats, rooms, bookings, tickets, replicated, holds, log } = system();
  const releaseSeats = createReleaseSeats({ holds, seats });
  return {
    book: createBook({ events, seats, rooms, bookings, holds, tickets, replicated, log }),
    change: createChange({ holds, seats, tickets, releaseSeats, log }),
    sweep: createExpire({ holds, releaseSeats }),
  };
}

const outcomesOf = (requests: readonly { ticketId: string }[]) =>
  system().outcomesOf(requests.map((request) => request.ticketId));

/** Runs the requests as two jobs at the same time, as two workers do. */
async function inTwoJobs<Request>(requests: readonly Request[], job: (half: readonly Request[]) => Promise<void>) {
  const halves = [requests.filter((_, i) => i % 2 === 0), requests.filter((_, i) => i % 2 === 1)];
  await Promise.all(halves.filter((half) => half.length > 0).map(job));
}

async function play(histories: readonly Step[][], plant: Plant): Promise<void> {
  await system().clearEvent();
  await system().seats.open(1);
  groups += 1;
  const models = histories.map((_, i) => new Model(i + 1, `${groups}-${i}`));
  const longest = Math.max(...histories.map((history) => history.length));
  for (let at = 0; at < longest; at += 1) {
    const steps = models.flatMap((model, i) => {
      const step = histories[i]?.[at];
      return step === undefined ? [] : [{ model, step }];
    });
    await lapse(
      steps.flatMap(({ model, step }) => (step.do === 'lapse' ? (picked(model.bookings, step.nth) ?? []) : [])),
    );
    await bookAll(steps);
    await changeAll(steps, plant);
    if (steps.some(({ step }) => step.do === 'forget release')) {
      const ids = [...previousIds, ...models.flatMap(({ bookings }) => bookings.map(({ id }) => id))];
      await system().prisma.$executeRaw`UPDATE booking SET released_at = NULL WHERE id = ANY(${ids}::uuid[])`;
      await run.sweep();
      for (const model of models) model.sweep();
    }
    if (steps.some(({ step }) => step.do === 'sweep')) {
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
  returnedBookings += models.flatMap(({ bookings }) => bookings).filter(({ status }) => status === 'RETURNED').length;
  previousIds = models.flatMap(({ bookings }) => bookings.map(({ id }) => id));
  await run.sweep(); // ends the holds that have lapsed, and frees in Redis what ended last
  progress(groups * TOGETHER);
  expect((await auditEvent(1, system())).differences).toEqual([]);
}

const picked = <Item>(items: readonly Item[], nth: number): Item | undefined => items[nth % items.length];

async function lapse(bookings: readonly ModelBooking[]): Promise<void> {
  const due = bookings.filter((booking) => booking.status === 'PENDING');
  for (const booking of due) booking.lapsed = true;
  const data = { expiresAt: new Date(Date.now() - 1_000) };
  if (due.length > 0)
    await system().prisma.booking.updateMany({ where: { id: { in: due.map(({ id }) => id) } }, data });
}

async function bookAll(steps: readonly { model: Model; step: Step }[]): Promise<void> {
  const undecided: { model: Model; request: BookRequest }[] = [];
  const settled: BookRequest[] = [];
  for (const { model, step } of steps) {
    if (step.do === 'hold' || step.do === 'buy') {
      const { buyer, count, start, key } = step;
      const wish = { zone: 1, row: model.row, count, ...(start === undefined ? {} : { start }) };
      const userId = model.user(buyer);
      const digest = `${model.name}-${userId}-${key}`;
      const idempotency = key === undefined ? undefined : { digest, fingerprint: JSON.stringify(wish) };
      const request = { ticketId: newTicketId(0), eventId: 1, wish, hold: step.do === 'hold', userId, idempotency };
      model.requests.push(request);
      undecided.push({ model, request });
    }
    if (step.do === 'retry') {
      const request = picked(model.requests, step.nth);
      if (request === undefined) continue;
      if (step.isForgotten) {
        await system().redis.del(batchKeyOf(0, request.ticketId));
        undecided.push({ model, request });
      } else {
        settled.push(request);
      }
    }
  }
  if (settled.length > 0) {
    const outcomesBefore = await outcomesOf(settled);
    await run.book(0, settled);
    expect(await outcomesOf(settled)).toEqual(outcomesBefore);
  }
  const requests = undecided.map(({ request }) => request);
  await inTwoJobs(requests, (half) => run.book(0, half));
  const outcomes = await outcomesOf(requests);
  for (const [i, { model, request }] of undecided.entries()) model.applyBook(request, outcomes[i] as Outcome);
}

const OPERATOR = { name: 'admin token', address: '127.0.0.1' };

async function changeAll(steps: readonly { model: Model; step: Step }[], plant: Plant): Promise<void> {
  const changes = steps.flatMap(({ model, step }): { model: Model; request: ChangeRequest }[] => {
    if (step.do !== 'confirm' && step.do !== 'extend' && step.do !== 'cancel' && step.do !== 'return') return [];
    const booking = picked(model.bookings, step.nth);
    if (booking === undefined) return [];
    if (step.do === 'return') {
      const request = { ticketId: newTicketId(0), bookingId: booking.id, kind: step.do, by: OPERATOR };
      return [{ model, request }];
    }
    const reference = step.do === 'confirm' ? step.reference : undefined;
    const paymentReference = reference === undefined ? undefined : `${model.name}-${reference}`;
    const ids = { ticketId: newTicketId(0), bookingId: booking.id, userId: model.user(step.buyer) };
    return [{ model, request: { ...ids, kind: step.do, paymentReference } }];
  });
  await inTwoJobs(changes, (half) =>
    run.change(
      0,
      half.map(({ model, request }) => plant(request, model)),
    ),
  );
  const outcomes = await outcomesOf(changes.map(({ request }) => request));
  for (const [i, { model, request }] of changes.entries()) model.applyChange(request, outcomes[i] as Outcome);
}

const buyer = fc.integer({ min: 0, max: 1 });
const nth = fc.nat({ max: 20 });
const optional = (max: number) => fc.option(fc.nat({ max }), { nil: undefined });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({
        do: fc.constantFrom('hold' as const, 'hold' as const, 'buy' as const),
        buyer,
        count: fc.integer({ min: 1, max: 3 }),
        start: optional(SEATS - 1),
        key: optional(1),
      })
      .filter(({ start = 0, count }) => start + count <= SEATS),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('confirm' as const), buyer, nth, reference: optional(1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('extend' as const, 'cancel' as const), buyer, nth }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('return' as const), nth }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lapse' as const), nth }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('sweep' as const, 'forget release' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('retry' as const), nth, isForgotten: fc.boolean() }) },
);
const histories = fc.array(fc.array(step, { minLength: 3, maxLength: 12 }), {
  minLength: TOGETHER,
  maxLength: TOGETHER,
});

const property = (plant: Plant) => fc.asyncProperty(histories, (group) => play(group, plant));

beforeAll(async () => {
  await system().stopWorkers(); // only the histories sweep
  await system().prisma.event.update({ where: { id: 1 }, data: { seatLimit: LIMIT } });
  run = workers();
});

beforeEach(async () => {
  await system().redis.flushdb();
});

test(
  `${TOGETHER * GROUPS} histories of holds, sales, changes, expiry and retries have the outcomes of the model`,
  async () => {
    groups = 0;
    await fc.assert(property(nothingPlanted), { numRuns: GROUPS, ...options });
    expect(groups * TOGETHER).toBeGreaterThanOrEqual(COUNT);
    expect(returnedBookings).toBeGreaterThan(0);
    expect(await system().prisma.trailEntry.count({ where: { act: 'return' } })).toBe(returnedBookings);
  },
  600_000 + GROUPS * 5_000,
);

test('the histories find a planted bug: any user may change a hold', async () => {
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
  const { redis } = system();
  const sound = scriptText('releaseSeats');
  const broken = sound.replace('removeBuyerSeat(buyersKey(tag, event), user, id)', '');
  expect(broken).not.toBe(sound);
  defineScript(redis, 'releaseSeats', broken);
  const found = await fc.check(property(nothingPlanted), { numRuns: GROUPS, endOnFailure: true });
  defineScript(redis, 'releaseSeats');
  expect(found.failed).toBe(true);
  expect(String(found.errorInstance)).not.toContain('ReplyError');
});

test.each([
  ['seats are released for any owner', 'holderOf(tag, seat) == id', 'true'],
  ['a returned sale frees its seats as often as it is released', 'or isFirstReturn(id) then', 'or true then'],
])('the histories find a planted bug: %s', async (_bug, fence, without) => {
  const { redis } = system();
  const sound = scriptText('releaseSeats');
  const broken = sound.replace(fence, without);
  expect(broken).not.toBe(sound);
  defineScript(redis, 'releaseSeats', broken);
  const found = await fc.check(property(nothingPlanted), { numRuns: GROUPS, endOnFailure: true });
  defineScript(redis, 'releaseSeats');
  expect(found.failed).toBe(true);
  expect(String(found.errorInstance)).not.toContain('ReplyError');
});
