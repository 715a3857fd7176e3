import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BookRequest, ChangeRequest, ExchangeRequest } from '../../shared/contract/jobs.ts';
import type { Outcome } from '../../shared/contract/tickets.ts';
import { groupBy } from '../../shared/domain/group-by.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import type { PrismaClient } from '../../shared/platform/prisma.ts';
import { Prisma } from '../../shared/platform/prisma-client/client.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { type BookingState, bookingState } from '../../shared/stores/postgres/booking-history.ts';
import { createBookingStore } from '../../shared/stores/postgres/bookings.ts';
import { batchKeyOf } from '../../shared/stores/redis/keys.ts';
import { defineScript, scriptText } from '../../shared/stores/redis/scripts.ts';
import { createSeatStore } from '../../shared/stores/seats.ts';
import type { Stores } from '../../shared/stores/stores.ts';
import { createBook } from '../../workers/book-seats.ts';
import { createChange } from '../../workers/change-bookings.ts';
import { createCloseEvents } from '../../workers/close-events.ts';
import { createDecideOrders } from '../../workers/decide-orders.ts';
import { createExchange } from '../../workers/exchange-seats.ts';
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

/**
 * The end of the event in the middle of a group of histories, at a step. A worker has claimed the requests of this step
 * and is stopped: it resumes later, and the jobs of its requests go to other workers meanwhile.
 */
type Ending = {
  how: 'by its time' | 'by an operator' | 'cancelled';
  at: number;
  /** Whether the keys of the event leave Redis at once. */
  isClosed: boolean;
  /** Steps from the end until an operator moves it to later, and until the worker resumes. */
  movedAfter: number | undefined;
  resumedAfter: number;
};

type Group = { histories: readonly Step[][]; ending: Ending | undefined };

/** Rewrites a change before a worker gets it: how a test plants a bug. */
type Plant = (request: ChangeRequest, model: Model) => ChangeRequest;
const nothingPlanted: Plant = (request) => request;

let run: ReturnType<typeof workers>;
let groups = 0;
let endings = 0;
let returns = 0;
/** Holds that a payment sold after they had ended. */
let lateSales = 0;
/** The last releases that were made, also in groups before: making them again must free no seat of the current one. */
let madeReleases: Prisma.SeatReleaseModel[] = [];
const RELEASES_KEPT = 200;

/** Reads releases, and remembers them. */
const remembered =
  (read: Stores['releases']['ofBookings']): typeof read =>
  async (ids) => {
    const { seatRelease } = system().prisma;
    madeReleases.push(...(await seatRelease.findMany({ where: { bookingId: { in: [...ids] } } })));
    madeReleases = madeReleases.slice(-RELEASES_KEPT);
    return read(ids);
  };

/** The work of workers. A test plants a bug in their stores. */
function workers(planted: Partial<Stores> = {}) {
  const { log } = system();
  const stores = { ...system(), ...planted };
  const { events, seats, holds, orders } = stores;
  const releases = { ...stores.releases, ofBookings: remembered(stores.releases.ofBookings) };
  const releaseSeats = createReleaseSeats({ releases, seats });
  return {
    events,
    seats,
    book: createBook({ ...stores, log }),
    /** A worker that has claimed seats for its requests, and was stopped before it saved them. */
    resume(claimed: Awaited<ReturnType<typeof seats.claim>>) {
      let earlier: typeof claimed | undefined = claimed;
      const claim: typeof seats.claim = async (shard, requests) => {
        const decisions = earlier ?? (await seats.claim(shard, requests));
        earlier = undefined;
        return decisions;
      };
      return createBook({ ...stores, seats: { ...seats, claim }, log });
    },
    change: createChange({ ...stores, releaseSeats }),
    exchange: createExchange({ ...stores, releaseSeats }),
    orders,
    decide: createDecideOrders({ ...stores, releases, releaseSeats }),
    sweep: createExpire({ holds, releases, releaseSeats }),
    close: createCloseEvents({ events, seats }),
  };
}

const outcomesOf = (requests: readonly { ticketId: string }[]) =>
  system().outcomesOf(requests.map((request) => request.ticketId));

/** Runs the requests as two jobs at the same time, as two workers do. */
async function inTwoJobs<Request>(requests: readonly Request[], job: (half: readonly Request[]) => Promise<void>) {
  const halves = [requests.filter((_, i) => i % 2 === 0), requests.filter((_, i) => i % 2 === 1)];
  await Promise.all(halves.filter((half) => half.length > 0).map(job));
}

async function play({ histories, ending }: Group, plant: Plant): Promise<void> {
  await system().prisma.event.update({ where: { id: 1 }, data: { endsAt: null, cancelledAt: null, closedAt: null } });
  await system().clearEvent();
  await system().seats.open(1);
  groups += 1;
  const models = histories.map((_, i) => new Model(i + 1, `${groups}-${i}`));
  const longest = Math.max(...histories.map((history) => history.length));
  const end = playEnding(ending, models);
  for (let at = 0; at < longest; at += 1) {
    const steps = models.flatMap((model, i) => {
      const step = histories[i]?.[at];
      return step === undefined ? [] : [{ model, step }];
    });
    await lapse(
      steps.flatMap(({ model, step }) => (step.do === 'lapse' ? (picked(model.bookings, step.nth) ?? []) : [])),
    );
    await bookAll(steps, (requests) => end.before(at, requests));
    await end.after(at);
    await changeAll(steps, plant);
    await exchangeAll(steps);
    await payAll(steps);
    await repeatAll(steps);
    if (steps.some(({ step }) => step.do === 'forget release')) {
      await system().prisma.seatRelease.createMany({ data: madeReleases, skipDuplicates: true });
      await sweep(models);
    }
    if (steps.some(({ step }) => step.do === 'sweep')) await sweep(models);
  }
  await end.after(Number.POSITIVE_INFINITY);
  await compare(models);
}

async function sweep(models: readonly Model[]): Promise<void> {
  await run.sweep();
  for (const model of models) model.sweep();
}

/** Compares PostgreSQL with the models, and with Redis, which has nothing of an ended event. */
async function compare(models: readonly Model[]): Promise<void> {
  const { prisma, redis } = system();
  const saved = groupBy(await prisma.seat.findMany({ orderBy: { number: 'asc' } }), (seat) => seat.row);
  for (const model of models) {
    const expected = model.owner.flatMap((id, seat) => (id === undefined ? [] : [{ number: seat + 1, bookingId: id }]));
    const seats = saved.get(model.row) ?? [];
    expect(seats.map(({ number, bookingId }) => ({ number, bookingId }))).toEqual(expected);
  }
  returns += models
    .flatMap(({ bookings }) => bookings.flatMap(({ changes }) => changes))
    .filter((k) => k === 'return').length;
  lateSales += models.flatMap(({ bookings }) => bookings).filter(isLateSale).length;
  await sweep(models); // ends the holds that have lapsed, and frees in Redis what ended last
  await expectHistories(models.flatMap(({ bookings }) => bookings));
  await run.close();
  progress(groups * TOGETHER);
  expect((await auditEvent(1, system())).differences).toEqual([]);
  await expectMoney(models);
  expect(await prisma.seatRelease.count()).toBe(0);
  if (models.some(({ hasEnded }) => hasEnded)) {
    const keys = (await redis.keys('*')).map((key) => key.split(':')[1] ?? '');
    expect(keys.filter((name) => KEYS_OF_EVENTS.includes(name))).toEqual([]);
  }
}

const isLateSale = ({ hasLapsed, changes }: ModelBooking) => hasLapsed && changes.includes('order');

/** Names of keys that belong to one event, except those that expire by themselves. */
const KEYS_OF_EVENTS = ['house', 'seats', 'held', 'blocked', 'lock', 'full', 'neat', 'counts', 'buyers'];

const HOUR_MS = 3_600_000;

/** Plays the end of the event: `before` the requests of a step go to workers, and `after` they did. */
function playEnding(ending: Ending | undefined, models: readonly Model[]) {
  const { how, at: endsAt = Number.POSITIVE_INFINITY, isClosed, movedAfter, resumedAfter = 0 } = ending ?? {};
  const moveTo = (date: Date) =>
    system().prisma.$transaction((transaction) => run.events.change(1, { endsAt: date.toISOString() }, transaction));
  let isMoved = how === 'cancelled' || movedAfter === undefined;
  let resume: (() => Promise<void>) | undefined;

  async function before(at: number, requests: readonly BookRequest[]): Promise<void> {
    if (at !== endsAt) return;
    endings += 1;
    const { prisma, events } = system();
    const claimed = requests.length === 0 ? [] : await run.seats.claim(0, requests);
    resume = () => run.resume(claimed)(0, requests);
    const past = new Date(Date.now() - HOUR_MS);
    if (how === 'by its time') await prisma.event.update({ where: { id: 1 }, data: { endsAt: past } });
    else if (how === 'by an operator') await moveTo(past);
    else await prisma.$transaction((transaction) => events.cancel(1, transaction));
    if (how !== 'by its time') await run.seats.reopen(1); // as the operator's job does
    if (isClosed) await run.close();
    for (const model of models) model.hasEnded = true;
  }

  async function after(at: number): Promise<void> {
    if (!isMoved && movedAfter !== undefined && at >= endsAt + movedAfter && at !== Number.POSITIVE_INFINITY) {
      isMoved = true;
      await moveTo(new Date(Date.now() + HOUR_MS));
      await run.seats.reopen(1);
      for (const model of models) model.hasEnded = false;
    }
    if (resume === undefined || at < endsAt + resumedAfter) return;
    await resume();
    resume = undefined;
    await run.seats.open(1); // as a late job does
  }

  return { before, after };
}

const picked = <Item>(items: readonly Item[], nth: number): Item | undefined => items[nth % items.length];

async function lapse(bookings: readonly ModelBooking[]): Promise<void> {
  const due = bookings.filter((booking) => booking.status === 'PENDING');
  for (const booking of due) booking.lapsed = true;
  const data = { expiresAt: new Date(Date.now() - 1_000) };
  if (due.length > 0)
    await system().prisma.booking.updateMany({ where: { id: { in: due.map(({ id }) => id) } }, data });
}

async function bookAll(
  steps: readonly { model: Model; step: Step }[],
  beforeJobs: (requests: readonly BookRequest[]) => Promise<void>,
): Promise<void> {
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
  await beforeJobs(requests);
  await inTwoJobs(requests, (half) => run.book(0, half));
  const outcomes = await outcomesOf(requests);
  for (const [i, { model, request }] of undecided.entries()) model.applyBook(request, outcomes[i] as Outcome);
}

const OPERATOR = { name: 'admin token', address: '127.0.0.1' };

type ChangeStep = Extract<Step, { do: ChangeRequest['kind'] }>;

function requestOf(model: Model, step: ChangeStep, { id, taken }: ModelBooking): ChangeRequest {
  const { part } = step.do === 'reduce' || step.do === 'return' ? step : {};
  const chosen = part === undefined ? [] : taken.filter((_, i) => (part >> i) & 1);
  const seats = part === undefined ? undefined : (chosen.length > 0 ? chosen : taken).map(model.labelOf);
  const ids = { ticketId: newTicketId(0), bookingId: id };
  if (step.do === 'return') return { ...ids, kind: step.do, by: OPERATOR, seats };
  const reference = step.do === 'confirm' ? step.reference : undefined;
  const paymentReference = reference === undefined ? undefined : `${model.name}-${reference}`;
  return { ...ids, kind: step.do, userId: model.user(step.buyer), paymentReference, seats };
}

async function changeAll(steps: readonly { model: Model; step: Step }[], plant: Plant): Promise<void> {
  const changes = steps.flatMap(({ model, step }): { model: Model; request: ChangeRequest }[] => {
    const isChange = ['confirm', 'extend', 'reduce', 'cancel', 'return'].includes(step.do);
    const booking = isChange && 'nth' in step ? picked(model.bookings, step.nth) : undefined;
    return booking === undefined ? [] : [{ model, request: requestOf(model, step as ChangeStep, booking) }];
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

async function exchangeAll(steps: readonly { model: Model; step: Step }[]): Promise<void> {
  const exchanges = steps.flatMap(({ model, step }): { model: Model; request: ExchangeRequest }[] => {
    const booking = step.do === 'exchange' ? picked(model.bookings, step.nth) : undefined;
    if (step.do !== 'exchange' || booking === undefined) return [];
    const { count, start } = step;
    const by = booking.status === 'CONFIRMED' ? { by: OPERATOR } : { userId: model.user(step.buyer) };
    const wish = { zone: 1, row: model.row, count, start };
    const grows = count > booking.seats.length;
    return [{ model, request: { ticketId: newTicketId(0), bookingId: booking.id, eventId: 1, wish, grows, ...by } }];
  });
  await inTwoJobs(
    exchanges.map(({ request }) => request),
    (half) => run.exchange(0, half),
  );
  const outcomes = await outcomesOf(exchanges.map(({ request }) => request));
  for (const [i, { model, request }] of exchanges.entries()) model.applyExchange(request, outcomes[i] as Outcome);
}

/** Tells payments, delivers their jobs twice, and compares the answers. */
async function payAll(steps: readonly { model: Model; step: Step }[]): Promise<void> {
  const payments = steps.flatMap(({ model, step }) => {
    if (step.do !== 'pay' || model.bookings.length === 0) return [];
    const userId = step.payer === undefined ? undefined : model.user(step.payer);
    const picks = step.nths.map((nth) => String(picked(model.bookings, nth)?.id));
    const bookingIds = [...new Set(picks)].sort();
    const paymentReference = `${model.name}-order-${step.reference}`;
    const toldBy = userId === undefined ? 'key shop' : undefined;
    const told = { id: newTicketId(0), payer: userId, userId, toldBy, paymentReference, bookingIds };
    return [
      { model, key: keyOfOrder(userId, paymentReference), told: { ...told, amount: undefined, currency: undefined } },
    ];
  });
  const answers = await run.orders.tell(payments.map(({ told }) => told));
  const open = answers.flatMap((answer) => ('id' in Object(answer) ? [(answer as { id: string }).id] : []));
  const requests = open.map((orderId) => ({ ticketId: newTicketId(0), kind: 'order' as const, orderId }));
  await inTwoJobs(requests, (half) => run.decide(0, half));
  await inTwoJobs(requests, (half) => run.decide(0, half));
  const orders = await system().orders.read(open);
  for (const [i, { model, key, told }] of payments.entries()) {
    const answer = answers[i];
    const order = answer === 'used' ? undefined : orders.get((answer as { id: string }).id);
    model.applyOrder(key, told, { isUsed: answer === 'used', code: order?.code });
  }
}

const keyOfOrder = (payer: number | null | undefined, paymentReference: string) =>
  `${payer ?? 'the shop'} ${paymentReference}`;

/** Of each payment that was sold, the money of seats that are not sold any more is due; of a cancelled event all is. */
async function expectMoney(models: readonly Model[]): Promise<void> {
  const { cancelledAt } = await system().prisma.event.findUniqueOrThrow({ where: { id: 1 } });
  const stored = await system().prisma.order.findMany({ where: { toldBy: { not: null } } });
  const byKey = new Map(stored.map((order) => [keyOfOrder(order.payer, order.paymentReference), order]));
  for (const { orders, bookings } of models)
    for (const [key, { bookingIds, code }] of orders) {
      const { status, total, refundDue } = byKey.get(key) ?? {};
      if (code !== undefined) expect({ key, status }).toEqual({ key, status: 'REFUND_DUE' });
      if (code !== undefined) continue;
      const sold = bookings.filter((one) => bookingIds.includes(one.id) && one.status === 'CONFIRMED');
      const kept = cancelledAt === null ? 5_000 * sold.flatMap(({ seats }) => seats).length : 0;
      const isOver = cancelledAt !== null || sold.length === 0;
      expect({ key, status, due: Number(refundDue) }).toEqual({
        key,
        status: isOver ? 'REFUND_DUE' : 'PAID',
        due: Number(total) - kept,
      });
    }
}

/** Delivers changes again. Their outcomes stay as they were, whatever happened since. */
async function repeatAll(steps: readonly { model: Model; step: Step }[]): Promise<void> {
  const repeated = steps.flatMap(({ model, step }) => {
    const made = step.do === 'repeat' ? picked(model.made, step.nth) : undefined;
    return made === undefined ? [] : [made];
  });
  if (repeated.length === 0) return;
  const requests = repeated.map(({ request }) => request);
  await system().redis.del(requests.map(({ ticketId }) => batchKeyOf(0, ticketId)));
  const isExchange = (request: ChangeRequest | ExchangeRequest): request is ExchangeRequest => 'wish' in request;
  await run.exchange(0, requests.filter(isExchange));
  await run.change(
    0,
    requests.filter((request): request is ChangeRequest => !isExchange(request)),
  );
  expect(await outcomesOf(requests)).toEqual(repeated.map(({ outcome }) => outcome));
}

/** A change of a booking as PostgreSQL has it, and the booking as it is now. */
type StoredChange = { bookingId: string; kind: string; before: BookingState; after: BookingState };

/** Every booking has a row for each of its changes; from the booking as it is they lead back to its creation. */
async function expectHistories(bookings: readonly ModelBooking[]): Promise<void> {
  const { prisma } = system();
  const states = await prisma.$queryRaw<{ id: string; state: BookingState }[]>`
    SELECT id, ${bookingState} AS state FROM booking WHERE event_id = 1`;
  const stored = await prisma.$queryRaw<StoredChange[]>`
    SELECT booking_id AS "bookingId", kind, before, after FROM booking_change WHERE event_id = 1 ORDER BY id DESC`;
  const [stateOf, changesOf] = [new Map(states.map(({ id, state }) => [id, state])), groupBy(stored, byBooking)];
  expect(stored).toHaveLength(bookings.flatMap(({ changes }) => changes).length);
  for (const { id, taken, created, changes, lapsed } of bookings) {
    const newestFirst = changesOf.get(id) ?? [];
    expect(newestFirst.map(({ kind }) => kind).reverse()).toEqual(changes);
    // The test itself moves the end of a hold that lapses.
    // A cancellation makes the orders of sales with a payment and without one, as of those of a version before.
    const comparable = (state: BookingState | undefined) => ({
      ...state,
      orderId: undefined,
      ...(lapsed && { expiresAt: undefined }),
    });
    let state = stateOf.get(id);
    for (const { before, after } of newestFirst) {
      expect(comparable(after)).toEqual(comparable(state));
      state = before;
    }
    expect(state).toMatchObject({ status: created, prices: [5_000] });
    expect(state?.seats).toHaveLength(taken.length);
  }
}

const byBooking = ({ bookingId }: StoredChange) => bookingId;

const buyer = fc.integer({ min: 0, max: 1 });
const nth = fc.nat({ max: 20 });
const part = fc.integer({ min: 1, max: 7 });
const optional = (max: number) => fc.option(fc.nat({ max }), { nil: undefined });
const fitsInRow = ({ start = 0, count }: { start: number | undefined; count: number }) => start + count <= SEATS;
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
      .filter(fitsInRow),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('confirm' as const), buyer, nth, reference: optional(1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('extend' as const, 'cancel' as const), buyer, nth }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('reduce' as const), buyer, nth, part }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('return' as const), nth, part: fc.option(part, { nil: undefined }) }),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({
        do: fc.constant('exchange' as const),
        buyer,
        nth,
        count: fc.integer({ min: 1, max: 3 }),
        start: optional(SEATS - 1),
      })
      .filter(fitsInRow),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('pay' as const),
      payer: fc.option(buyer, { nil: undefined }),
      nths: fc.array(nth, { minLength: 1, maxLength: 3 }),
      reference: fc.nat({ max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lapse' as const), nth }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('sweep' as const, 'forget release' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('retry' as const), nth, isForgotten: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), nth }) },
);
const ending: fc.Arbitrary<Ending> = fc.record({
  how: fc.constantFrom('by its time' as const, 'by an operator' as const, 'cancelled' as const),
  at: fc.nat({ max: 9 }),
  isClosed: fc.boolean(),
  movedAfter: optional(3),
  resumedAfter: fc.nat({ max: 4 }),
});
const group = (ending: fc.Arbitrary<Ending | undefined>): fc.Arbitrary<Group> =>
  fc.record({
    histories: fc.array(fc.array(step, { minLength: 3, maxLength: 12 }), { minLength: TOGETHER, maxLength: TOGETHER }),
    ending,
  });
const everyGroup = group(fc.option(ending, { nil: undefined, freq: 2 }));

const property = (plant: Plant, groups = everyGroup) => fc.asyncProperty(groups, (one) => play(one, plant));

/** Plays histories until one finds the bug. @returns whether one did, otherwise than by an error of a script */
async function isFound(plant = nothingPlanted, groups = everyGroup): Promise<boolean> {
  const found = await fc.check(property(plant, groups), { numRuns: 2 * GROUPS, endOnFailure: true });
  return found.failed && !String(found.errorInstance).includes('ReplyError');
}

beforeAll(async () => {
  await system().stopWorkers(); // only the histories sweep
  await system().prisma.event.update({ where: { id: 1 }, data: { seatLimit: LIMIT } });
});

beforeEach(async () => {
  await system().redis.flushdb();
  run = workers();
});

test(
  `${TOGETHER * GROUPS} histories of holds, sales, changes, expiry, retries and ends have the outcomes of the model`,
  async () => {
    [groups, endings] = [0, 0];
    await fc.assert(property(nothingPlanted), { numRuns: GROUPS, ...options });
    expect(groups * TOGETHER).toBeGreaterThanOrEqual(COUNT);
    expect(returns).toBeGreaterThan(0);
    expect(lateSales).toBeGreaterThan(GROUPS);
    expect(endings).toBeGreaterThan(GROUPS / 10);
    expect(await system().prisma.trailEntry.count({ where: { act: 'return' } })).toBe(returns);
  },
  600_000 + GROUPS * 5_000,
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

test('the histories find a planted bug: a payment that was refused is sold when it is told again', async () => {
  const { orders, prisma } = system();
  const tell: typeof orders.tell = async (told) => {
    await prisma.order.updateMany({ where: { status: 'REFUND_DUE' }, data: { status: 'OPEN', code: null } });
    return orders.tell(told);
  };
  run = workers({ orders: { ...orders, tell } });
  expect(await isFound()).toBe(true);
});

/** PostgreSQL as it would be if a save did not compare the end of its event. */
function withoutEnds(prisma: PrismaClient): PrismaClient {
  const fence = 'coalesce(event_now.ends_at > clock_timestamp(), TRUE)';
  const queryRaw = (parts: TemplateStringsArray, ...values: Prisma.Sql[]) =>
    prisma.$queryRaw(
      Prisma.sql(
        [...parts].map((part) => part.replace(fence, 'TRUE')),
        ...values,
      ),
    );
  return new Proxy(prisma, { get: (target, name) => (name === '$queryRaw' ? queryRaw : Reflect.get(target, name)) });
}

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
    ({ prisma }) => ({ bookings: createBookingStore({ prisma: withoutEnds(prisma) }) }),
  ],
  [
    'the house of an ended event is opened again',
    ({ events, ...stores }) => ({
      seats: createSeatStore({ ...stores, shards: 1, events: { ...events, hasEnded: async () => false } }),
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
  expect(await isFound(nothingPlanted, group(ending))).toBe(true);
});
