import { beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import type { RunWish } from '../../shared/contract/reserve.ts';
import { runOf } from '../../shared/domain/house.ts';
import { readOutcome } from '../../shared/domain/outcome-text.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { useSystem } from '../support/system.ts';

// Two rows of 13, so that a byte's end lies inside a row; the second row is a zone of its own for the wider wishes.
const SEATS = 13;
const system = useSystem({ ZONES: 2, ROWS: 2, SEATS_PER_ROW: SEATS });

/** The rule of claimSeats.lua, written plainly: each row's seats as free (true) or taken, in the house's order. */
type Model = { zone: number; row: number; free: boolean[] }[];

const emptyModel = (seats = SEATS): Model =>
  [1, 2].flatMap((zone) => [1, 2].map((row) => ({ zone, row, free: new Array<boolean>(seats).fill(true) })));

function gapLength(free: boolean[], at: number): number {
  let [from, to] = [at, at];
  while (free[from - 1]) from -= 1;
  while (free[to]) to += 1;
  return to - from;
}

/** Whether taking these seats leaves a single free seat between taken ones that was not single before. */
function leavesSingle(free: boolean[], start: number, count: number): boolean {
  const freeAfter = free.map((one, seat) => one && (seat < start || seat >= start + count));
  const isSingle = (row: boolean[], seat: number) => row[seat] && row[seat - 1] === false && row[seat + 1] === false;
  return free.some((_, seat) => isSingle(freeAfter, seat) && !isSingle(free, seat));
}

/** Every position in a row where `count` seats fit. */
const startsOf = (free: boolean[], count: number): number[] =>
  free
    .map((_, start) => start)
    .filter((start) => start + count <= free.length && free.slice(start, start + count).every(Boolean));

/** The position of `count` seats in a row: nearest the middle; where equal the tightest gap, then the left. */
function bestStart(free: boolean[], count: number, neat: boolean): number | undefined {
  const distance = (start: number) => Math.abs(2 * start + count - free.length);
  return startsOf(free, count)
    .filter((start) => !neat || !leavesSingle(free, start, count))
    .sort((a, b) => distance(a) - distance(b) || gapLength(free, a) - gapLength(free, b) || a - b)[0];
}

function decide(
  model: Model,
  wish: RunWish,
  avoidSingles: boolean,
): { zone: number; row: number; startIndex: number } | string {
  const rows = model.filter(({ zone, row }) => (wish.zone ?? zone) === zone && (wish.row ?? row) === row);
  const { start: exact, count } = wish;
  if (exact !== undefined) {
    const [only] = rows;
    if (!only?.free.slice(exact, exact + count).every(Boolean)) return 'SEAT_TAKEN';
    const neat = avoidSingles ? bestStart(only.free, count, true) : undefined;
    if (neat !== undefined && leavesSingle(only.free, exact, count)) return 'SINGLE_SEAT_LEFT';
    only.free.fill(false, exact, exact + count);
    return { zone: only.zone, row: only.row, startIndex: exact };
  }
  for (const neat of avoidSingles ? [true, false] : [false]) {
    for (const { zone, row, free } of rows) {
      const start = bestStart(free, count, neat);
      if (start === undefined) continue;
      free.fill(false, start, start + count);
      return { zone, row, startIndex: start };
    }
  }
  return count > 1 && rows.some(({ free }) => free.some(Boolean)) ? 'NO_ADJACENT_SEATS' : 'SOLD_OUT';
}

async function claim(wishes: RunWish[], eventId = 1) {
  const requests = wishes.map((wish): BookRequest => ({ ticketId: newTicketId(0), eventId, wish, hold: false }));
  const decisions = await system().seats.claim(0, requests);
  return decisions.map((decision) => {
    if (decision.kind === 'got') return runOf(decision.seats);
    return decision.kind === 'refused' ? decision.outcome.code : decision.kind;
  });
}

async function emptyHouse(eventId = 1): Promise<void> {
  await system().redis.flushdb();
  await system().seats.open(eventId);
}

const avoidingSingles = (avoidSingles: boolean) =>
  system().prisma.event.update({ where: { id: 1 }, data: { avoidSingles } });

beforeEach(async () => {
  await avoidingSingles(false);
  await emptyHouse();
});

const place = fc.integer({ min: 1, max: 2 });
const countUpTo = (max: number) => fc.integer({ min: 1, max });
const wishFor = (count: fc.Arbitrary<number>, seats: number): fc.Arbitrary<RunWish> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ zone: place, row: place, count }) },
    { weight: 2, arbitrary: fc.record({ zone: place, count }) },
    { weight: 2, arbitrary: fc.record({ count }) },
    {
      weight: 2,
      arbitrary: fc
        .record({ zone: place, row: place, start: fc.integer({ min: 0, max: seats - 1 }), count })
        .filter((w) => w.start + w.count <= seats),
    },
  );
const count = countUpTo(5);
const wish = wishFor(count, SEATS);

test.each([
  ['', false],
  [' where single seats are avoided', true],
])('claims are decided as the model decides them%s, until the house is full and beyond', async (_where, avoid) => {
  await avoidingSingles(avoid);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(wish, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 5 }),
      async (batches) => {
        await emptyHouse();
        const model = emptyModel();
        for (const batch of batches) expect(await claim(batch)).toEqual(batch.map((one) => decide(model, one, avoid)));
      },
    ),
    { numRuns: 120 },
  );
});

test.each([
  ['', false],
  [' where single seats are avoided', true],
])('groups of up to twenty are seated as the model seats them%s', async (_where, avoidSingles) => {
  const [seats, maxSeats] = [45, 20];
  const { events } = system();
  const eventId = await events.nextId();
  const zones = [1, 2].map(() => ({ rows: 2, seatsPerRow: seats, price: 0 }));
  await events.create(eventId, { name: 'Groups', currency: 'EUR', zones, maxSeats, avoidSingles });
  const wishes = fc.array(wishFor(countUpTo(maxSeats), seats), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(wishes, { minLength: 1, maxLength: 5 }), async (batches) => {
      await emptyHouse(eventId);
      const model = emptyModel(seats);
      for (const batch of batches)
        expect(await claim(batch, eventId)).toEqual(batch.map((one) => decide(model, one, avoidSingles)));
    }),
    { numRuns: 120 },
  );
});

test('selling a whole zone in random groups leaves no avoidable single seat', async () => {
  await avoidingSingles(true);
  const random = fc.array(fc.record({ row: fc.option(place, { nil: undefined }), count }), {
    minLength: 20,
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(random, async (wishes) => {
      await emptyHouse();
      const rows = emptyModel().filter(({ zone }) => zone === 1);
      const answers = await claim(wishes.map((one) => ({ zone: 1, ...one })));
      for (const [i, answer] of answers.entries()) {
        const { row: requestedRow, count: n } = wishes[i] ?? { count: 0 };
        if (typeof answer !== 'object') continue;
        const others = rows.filter(({ row }) => requestedRow === undefined || row === requestedRow);
        const chosen = rows.find(({ row }) => row === answer.row)?.free ?? [];
        if (leavesSingle(chosen, answer.startIndex, n)) {
          for (const { free } of others)
            for (const start of startsOf(free, n)) expect(leavesSingle(free, start, n)).toBe(true);
        }
        chosen.fill(false, answer.startIndex, answer.startIndex + n);
      }
    }),
    { numRuns: 80 },
  );
});

test('exact seats that would leave a single one are refused with the nearest alternative that would not', async () => {
  await avoidingSingles(true);
  await emptyHouse();
  const claimLabels = async (seats: string[]) => {
    const request = { ticketId: newTicketId(0), eventId: 1, wish: { seats }, hold: false };
    const decision = (await system().seats.claim(0, [request]))[0];
    return decision?.kind === 'refused' ? readOutcome(request.ticketId, decision.outcome.text) : decision;
  };
  expect(await claimLabels(['1-1-3', '1-1-6'])).toMatchObject({ kind: 'got' }); // 1-1-4 and 1-1-5 stay together
  expect(await claimLabels(['1-1-8', '2-1-1'])).toEqual({
    kind: 'book',
    status: 'rejected',
    code: 'SINGLE_SEAT_LEFT',
    alternatives: [
      { zone: 1, row: 1, startIndex: 6, seatsCount: 2 },
      { zone: 1, row: 2, seatsCount: 2 },
      { zone: 2, row: 1, seatsCount: 2 },
    ],
  });
  expect(await claimLabels(['1-1-4', '1-1-5', '2-1-1'])).toMatchObject({ kind: 'got' });
  // A single seat at the row's end has one neighbour only: it may be left.
  expect(await claimLabels(['1-1-2', '2-2-2'])).toMatchObject({ kind: 'got' });
});

test('a row sells runs of 1 to 5 until none of that length is left, and refuses only then', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(count, { minLength: 10, maxLength: 25 }), async (counts) => {
      await emptyHouse();
      const free = new Array<boolean>(SEATS).fill(true);
      const answers = await claim(counts.map((n) => ({ zone: 1, row: 1, count: n })));
      for (const [i, answer] of answers.entries()) {
        const n = counts[i] ?? 0;
        const hasRun = free.some((_, start) => start + n <= SEATS && free.slice(start, start + n).every(Boolean));
        expect(typeof answer).toBe(hasRun ? 'object' : 'string');
        if (typeof answer !== 'object') continue;
        for (let seat = answer.startIndex; seat < answer.startIndex + n; seat += 1) {
          expect(free[seat]).toBe(true);
          free[seat] = false;
        }
      }
    }),
    { numRuns: 80 },
  );
});
