import { beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import type { RunWish } from '../../shared/contract/reserve.ts';
import { runOf } from '../../shared/domain/house.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { useSystem } from '../support/system.ts';

// Two rows of 13, so that a byte's end lies inside a row; the second row is a zone of its own for the wider wishes.
const SEATS = 13;
const system = useSystem({ ZONES: 2, ROWS: 2, SEATS_PER_ROW: SEATS });

/** The rule of claimSeats.lua said again, slowly: each row as free (true) or taken, zones and rows in the house's order. */
type Model = { zone: number; row: number; free: boolean[] }[];

const emptyModel = (): Model =>
  [1, 2].flatMap((zone) => [1, 2].map((row) => ({ zone, row, free: new Array<boolean>(SEATS).fill(true) })));

function gapLength(free: boolean[], at: number): number {
  let [from, to] = [at, at];
  while (free[from - 1]) from -= 1;
  while (free[to]) to += 1;
  return to - from;
}

/** Where in a row `count` seats go: nearest the middle, the tightest gap where equal, then the left. */
function bestStart(free: boolean[], count: number): number | undefined {
  const starts = free
    .map((_, start) => start)
    .filter((start) => start + count <= SEATS && free.slice(start, start + count).every(Boolean));
  const distance = (start: number) => Math.abs(2 * start + count - SEATS);
  return starts.sort((a, b) => distance(a) - distance(b) || gapLength(free, a) - gapLength(free, b) || a - b)[0];
}

function decide(model: Model, wish: RunWish): { zone: number; row: number; startIndex: number } | string {
  const rows = model.filter(({ zone, row }) => (wish.zone ?? zone) === zone && (wish.row ?? row) === row);
  for (const { zone, row, free } of rows) {
    const exact = wish.start;
    const fits = exact !== undefined && free.slice(exact, exact + wish.count).every(Boolean);
    const start = exact === undefined ? bestStart(free, wish.count) : fits ? exact : undefined;
    if (start === undefined) continue;
    free.fill(false, start, start + wish.count);
    return { zone, row, startIndex: start };
  }
  if (wish.start !== undefined) return 'SEAT_TAKEN';
  return wish.count > 1 && rows.some(({ free }) => free.some(Boolean)) ? 'NO_ADJACENT_SEATS' : 'SOLD_OUT';
}

async function claim(wishes: RunWish[]) {
  const requests = wishes.map((wish): BookRequest => ({ ticketId: newTicketId(0), eventId: 1, wish, hold: false }));
  const decisions = await system().seats.claim(0, requests);
  return decisions.map((decision) => {
    if (decision.kind === 'got') return runOf(decision.seats);
    return decision.kind === 'refused' ? decision.refusal.code : decision.kind;
  });
}

async function emptyHouse(): Promise<void> {
  await system().redis.flushdb();
  await system().seats.open(1);
}

beforeEach(emptyHouse);

const count = fc.integer({ min: 1, max: 5 });
const place = fc.integer({ min: 1, max: 2 });
const wish: fc.Arbitrary<RunWish> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ zone: place, row: place, count }) },
  { weight: 2, arbitrary: fc.record({ zone: place, count }) },
  { weight: 2, arbitrary: fc.record({ count }) },
  {
    weight: 2,
    arbitrary: fc
      .record({ zone: place, row: place, start: fc.integer({ min: 0, max: SEATS - 1 }), count })
      .filter((w) => w.start + w.count <= SEATS),
  },
);

test('claims are decided as the model decides them, until the house is full and beyond', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(wish, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 5 }),
      async (batches) => {
        await emptyHouse();
        const model = emptyModel();
        for (const batch of batches) expect(await claim(batch)).toEqual(batch.map((one) => decide(model, one)));
      },
    ),
    { numRuns: 300 },
  );
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
    { numRuns: 200 },
  );
});
