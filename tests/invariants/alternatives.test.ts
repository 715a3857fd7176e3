import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import type { RunWish } from '../../shared/contract/reserve.ts';
import type { Alternative } from '../../shared/contract/tickets.ts';
import { runOf } from '../../shared/domain/house.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { useSystem } from '../support/system.ts';

// Zones of seven rows: the bytes of the index of rows begin and end inside zones.
const [ZONES, ROWS, SEATS] = [5, 7, 6];
const system = useSystem({ ZONES, ROWS, SEATS_PER_ROW: SEATS });

type Row = { zone: number; row: number; free: boolean[] };

const hasRun = ({ free }: Row, count: number): boolean => runStarts(free, count).length > 0;

const runStarts = (free: boolean[], count: number): number[] =>
  free
    .map((_, start) => start)
    .filter((start) => start + count <= SEATS && free.slice(start, start + count).every(Boolean));

/** The nearest of these by what is measured; the first of them where equal. */
const nearest = <Item>(items: Item[], distance: (item: Item) => number): Item | undefined =>
  items.reduce<Item | undefined>(
    (best, item) => (best !== undefined && distance(best) <= distance(item) ? best : item),
    undefined,
  );

/** What a refusal must name, found slowly: the nearest run of the row, the nearest row of the zone, the nearest zone's best row. */
function alternativesOf(house: Row[], { zone, row, start, count }: RunWish): Alternative[] {
  const found: Alternative[] = [];
  const inZone = house.filter((one) => one.zone === zone);
  if (row !== undefined && start !== undefined) {
    const starts = runStarts(inZone.find((one) => one.row === row)?.free ?? [], count);
    const startIndex = nearest(starts, (one) => Math.abs(one - start));
    if (zone !== undefined && startIndex !== undefined) found.push({ zone, row, startIndex, seatsCount: count });
  }
  if (row !== undefined) {
    const other = nearest(
      inZone.filter((one) => one.row !== row && hasRun(one, count)),
      (one) => Math.abs(one.row - row),
    );
    if (other) found.push({ zone: other.zone, row: other.row, seatsCount: count });
  }
  if (zone !== undefined) {
    const elsewhere = house.filter((one) => one.zone !== zone && hasRun(one, count));
    const other = nearest(elsewhere, (one) => Math.abs(one.zone - zone));
    if (other) found.push({ zone: other.zone, row: other.row, seatsCount: count });
  }
  return found;
}

async function claim(wish: RunWish) {
  const request: BookRequest = { ticketId: newTicketId(0), eventId: 1, wish, hold: false };
  const [decision] = await system().seats.claim(0, [request]);
  return decision;
}

test('a refusal names what is nearest, as a slow search finds it', async () => {
  const zone = fc.integer({ min: 1, max: ZONES });
  const row = fc.integer({ min: 1, max: ROWS });
  const count = fc.integer({ min: 1, max: 5 });
  const start = fc.integer({ min: 0, max: SEATS - 1 });
  const asked: fc.Arbitrary<RunWish> = fc.oneof(
    fc.record({ zone, count }),
    fc.record({ zone, row, count }),
    fc.record({ zone, row, start, count }).filter((wish) => wish.start + wish.count <= SEATS),
  );
  const full = fc.array(
    fc.record({ zone, row, free: fc.array(fc.boolean(), { minLength: SEATS, maxLength: SEATS }) }),
    { maxLength: 12 },
  );
  let refusals = 0;
  await fc.assert(
    fc.asyncProperty(full, fc.array(asked, { minLength: 5, maxLength: 20 }), async (open, wishes) => {
      // Every row is full except some, which have what they have.
      const house = Array.from({ length: ZONES * ROWS }, (_, i): Row => {
        const place = { zone: 1 + Math.floor(i / ROWS), row: 1 + (i % ROWS) };
        const some = open.find((one) => one.zone === place.zone && one.row === place.row);
        return { ...place, free: some ? [...some.free] : new Array<boolean>(SEATS).fill(false) };
      });
      const taken = house.flatMap((one) =>
        one.free.flatMap((free, i) => (free ? [] : [{ eventId: 1, zone: one.zone, row: one.row, number: i + 1 }])),
      );
      await system().prisma.seat.deleteMany();
      await system().prisma.seat.createMany({
        data: taken.map((seat) => ({ ...seat, status: 'SOLD' as const, bookingId: newTicketId(0) })),
      });
      await system().redis.flushdb();
      await system().seats.open(1);
      for (const wish of wishes) {
        const expected = alternativesOf(house, wish);
        const decision = await claim(wish);
        if (decision?.kind === 'got') {
          const run = runOf(decision.seats);
          const one = house.find((candidate) => candidate.zone === run?.zone && candidate.row === run.row);
          one?.free.fill(false, run?.startIndex, (run?.startIndex ?? 0) + wish.count);
        } else if (decision?.kind === 'refused') {
          refusals += 1;
          expect(decision.refusal.alternatives ?? []).toEqual(expected);
        }
      }
    }),
    { numRuns: 30 },
  );
  expect(refusals).toBeGreaterThan(100);
});
