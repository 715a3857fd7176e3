import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import type { OneWish, RunWish } from '../../shared/contract/reserve.ts';
import type { Alternative, Refusal } from '../../shared/contract/tickets.ts';
import { labelOf, runOf, seatOf } from '../../shared/domain/house.ts';
import { readOutcome } from '../../shared/domain/outcome-text.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { useSystem } from '../support/system.ts';

// Zones of seven rows: bytes of the row index begin and end inside zones.
const [ZONES, ROWS, SEATS] = [5, 7, 6];
const system = useSystem({ ZONES, ROWS, SEATS_PER_ROW: SEATS });

type Status = 'AVAILABLE' | 'HELD' | 'SOLD';
type Row = { zone: number; row: number; seats: Status[] };

const isFree = ({ seats }: Row, at: number): boolean => seats[at] === 'AVAILABLE';

/** Free seats with taken ones on both sides. The ends of a row do not count as taken. */
const singles = (seats: Status[]): number[] =>
  seats.flatMap((one, at) =>
    one === 'AVAILABLE' && [seats[at - 1], seats[at + 1]].every((other = 'AVAILABLE') => other !== 'AVAILABLE')
      ? [at]
      : [],
  );

/** Whether taking these seats of a row leaves a single free seat that was not single before. */
function leavesSingle({ seats }: Row, taken: number[]): boolean {
  const singlesBefore = singles(seats);
  return singles(seats.map((one, at) => (taken.includes(at) ? 'SOLD' : one))).some((at) => !singlesBefore.includes(at));
}

const run = (start: number, count: number): number[] => Array.from({ length: count }, (_, i) => start + i);

/** Every position in a row with `count` free seats side by side; with `neat`, only those that leave no single seat. */
const runStarts = (row: Row, count: number, neat: boolean): number[] =>
  row.seats
    .map((_, start) => start)
    .filter((start) => start + count <= SEATS && run(start, count).every((at) => isFree(row, at)))
    .filter((start) => !neat || !leavesSingle(row, run(start, count)));

/** The item with the smallest distance; the first of them where equal. */
const nearest = <Item>(items: Item[], distance: (item: Item) => number): Item | undefined =>
  items.reduce<Item | undefined>(
    (best, item) => (best !== undefined && distance(best) <= distance(item) ? best : item),
    undefined,
  );

/**
 * The alternatives that a refusal must name, by plain search: the nearest run of the row, the nearest row of the zone,
 * the nearest zone's best row; neat ones where single seats are avoided, as long as there are any.
 */
function alternativesOf(house: Row[], { zone, row, start, count }: RunWish, avoidSingles: boolean): Alternative[] {
  const found: Alternative[] = [];
  const inZone = house.filter((one) => one.zone === zone);
  const neatFirst = <Item>(find: (neat: boolean) => Item | undefined): Item | undefined =>
    (avoidSingles ? find(true) : undefined) ?? find(false);
  const own = inZone.find((one) => one.row === row);
  if (own !== undefined && start !== undefined) {
    const startIndex = neatFirst((neat) => nearest(runStarts(own, count, neat), (one) => Math.abs(one - start)));
    if (startIndex !== undefined) found.push({ zone: own.zone, row: own.row, startIndex, seatsCount: count });
  }
  const hasRun = (neat: boolean) => (one: Row) => runStarts(one, count, neat).length > 0;
  if (row !== undefined) {
    const others = inZone.filter((one) => one.row !== row);
    const other = neatFirst((neat) => nearest(others.filter(hasRun(neat)), (one) => Math.abs(one.row - row)));
    if (other) found.push({ zone: other.zone, row: other.row, seatsCount: count });
  }
  if (zone !== undefined) {
    const elsewhere = house.filter((one) => one.zone !== zone);
    const other = neatFirst((neat) => nearest(elsewhere.filter(hasRun(neat)), (one) => Math.abs(one.zone - zone)));
    if (other) found.push({ zone: other.zone, row: other.row, seatsCount: count });
  }
  return found;
}

/** Held seats in the place that a request names, if it names a place and not seats. */
const heldFor = (house: Row[], wish: RunWish): number =>
  house
    .filter(({ zone, row }) => (wish.zone ?? zone) === zone && (wish.row ?? row) === row)
    .reduce((sum, { seats }) => sum + seats.filter((one) => one === 'HELD').length, 0);

/** Whether exact seats are refused for a single seat: only where their row has another choice of as many. */
function refusesSingle(house: Row[], labels: string[]): boolean {
  const requested = labels.map(seatOf);
  return house.some((one) => {
    const mine = requested
      .filter(({ zone, row }) => zone === one.zone && row === one.row)
      .map(({ number }) => number - 1);
    return mine.length > 0 && leavesSingle(one, mine) && runStarts(one, mine.length, true).length > 0;
  });
}

const labelsOf = ({ zone = 0, row = 0, start = 0, count }: RunWish): string[] =>
  run(start, count).map((at) => labelOf({ zone, row, number: at + 1 }));

async function claim(wish: OneWish) {
  const request: BookRequest = { ticketId: newTicketId(0), eventId: 1, wish, hold: false };
  const { ticketId } = request;
  const [decision] = await system().seats.claim(0, [request]);
  const refusal = decision?.kind === 'refused' ? (readOutcome(ticketId, decision.outcome.text) as Refusal) : undefined;
  return { ticketId, decision, refusal };
}

/** Books the offered seats, and releases them. */
async function take({ zone, row, startIndex, seatsCount: count }: Alternative): Promise<boolean> {
  const where = { zone, row, count };
  const { ticketId, decision } = await claim(startIndex === undefined ? where : { ...where, start: startIndex });
  if (decision?.kind === 'got') await system().seats.releaseClaim({ ticketId, eventId: 1, ...decision });
  return decision?.kind === 'got';
}

async function expectRefusal(house: Row[], wish: OneWish, refusal: Refusal, avoidSingles: boolean): Promise<void> {
  const { code, alternatives = [], heldSeats = 0 } = refusal;
  const exact = 'seats' in wish ? runOf(wish.seats) : wish;
  if (exact !== undefined) {
    const { zone, row } = exact;
    const wishRun =
      'seats' in wish ? { zone, row, start: runOf(wish.seats)?.startIndex, count: wish.seats.length } : wish;
    expect(alternatives).toEqual(alternativesOf(house, wishRun, avoidSingles));
    expect(heldSeats).toBe(code === 'SOLD_OUT' ? heldFor(house, wishRun) : 0);
  }
  if (code === 'SINGLE_SEAT_LEFT') expect(alternatives).not.toEqual([]);
  for (const one of alternatives) expect([one, await take(one)]).toEqual([one, true]);
}

test.each([
  ['', false],
  [' where single seats are avoided', true],
])(
  'a refusal names the nearest alternatives of a plain search, and each can be booked%s',
  async (_where, avoidSingles) => {
    await system().prisma.event.update({ where: { id: 1 }, data: { avoidSingles } });
    const zone = fc.integer({ min: 1, max: ZONES });
    const row = fc.integer({ min: 1, max: ROWS });
    const count = fc.integer({ min: 1, max: 5 });
    const start = fc.integer({ min: 0, max: SEATS - 1 });
    const status = fc.constantFrom<Status>(
      ...(avoidSingles ? Array<Status>(6).fill('AVAILABLE') : []),
      'AVAILABLE',
      'HELD',
      'SOLD',
    );
    const full = fc.array(fc.record({ zone, row, seats: fc.array(status, { minLength: SEATS, maxLength: SEATS }) }), {
      minLength: 1,
      maxLength: 12,
    });
    const place = fc.record({ open: fc.nat({ max: 11 }), anywhere: fc.nat({ max: 3 }), zone, row });
    const request = fc.record({
      place,
      count,
      start,
      numbers: fc.uniqueArray(start, { minLength: 1, maxLength: 5 }),
      other: place,
      form: fc.constantFrom('house', 'zone', 'row', 'exact', 'exact', 'labels', 'two rows'),
    });
    const verdicts = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(full, fc.array(request, { minLength: 5, maxLength: 20 }), async (open, wishes) => {
        // Every row is full except the generated ones.
        const house = Array.from({ length: ZONES * ROWS }, (_, i): Row => {
          const [zone, row] = [1 + Math.floor(i / ROWS), 1 + (i % ROWS)];
          const generated = open.find((one) => one.zone === zone && one.row === row);
          return { zone, row, seats: generated ? [...generated.seats] : Array<Status>(SEATS).fill('SOLD') };
        });
        const taken = house.flatMap(({ zone, row, seats }) =>
          seats.flatMap((status, i) => (status === 'AVAILABLE' ? [] : [{ zone, row, number: i + 1, status }])),
        );
        await system().prisma.seat.deleteMany();
        await system().prisma.$executeRaw`
          INSERT INTO seat (event_id, zone, row, number, status, booking_id)
          SELECT 1, zone, row, number, status, gen_random_uuid()
          FROM json_populate_recordset(NULL::seat, ${JSON.stringify(taken)}::json)`;
        await system().redis.flushdb();
        await system().seats.open(1);
        for (const { form, place, other, count, start, numbers } of wishes) {
          const at = (one: typeof place) => (one.anywhere === 0 ? one : (open[one.open % open.length] ?? one));
          const { zone, row } = at(place);
          const from = Math.min(start, SEATS - count);
          const labels = numbers.map((number, i) => {
            const seatPlace = form === 'two rows' && i % 2 === 1 ? at(other) : { zone, row };
            return labelOf({ zone: seatPlace.zone, row: seatPlace.row, number: number + 1 });
          });
          const forms: Record<string, OneWish> = {
            house: { count },
            zone: { zone, count },
            row: { zone, row, count },
            exact: { zone, row, start: from, count },
          };
          const wish = forms[form] ?? { seats: [...new Set(labels)] };
          const exact = 'seats' in wish ? wish.seats : wish.start === undefined ? undefined : labelsOf(wish);
          const free = exact?.every((label) => {
            const seat = seatOf(label);
            return house.some((one) => one.zone === seat.zone && one.row === seat.row && isFree(one, seat.number - 1));
          });
          const single = free && avoidSingles && refusesSingle(house, exact ?? []);

          const { decision, refusal } = await claim(wish);
          const verdict = refusal?.code ?? decision?.kind;
          verdicts.set(String(verdict), (verdicts.get(String(verdict)) ?? 0) + 1);
          if (exact) expect(verdict).toBe(single ? 'SINGLE_SEAT_LEFT' : free ? 'got' : 'SEAT_TAKEN');
          if (refusal !== undefined) await expectRefusal(house, wish, refusal, avoidSingles);
          if (decision?.kind !== 'got') continue;
          for (const seat of decision.seats.map(seatOf)) {
            const one = house.find((candidate) => candidate.zone === seat.zone && candidate.row === seat.row);
            one?.seats.fill('SOLD', seat.number - 1, seat.number);
          }
        }
      }),
      { numRuns: 40 },
    );
    for (const code of ['SEAT_TAKEN', 'SOLD_OUT', 'NO_ADJACENT_SEATS', ...(avoidSingles ? ['SINGLE_SEAT_LEFT'] : [])])
      expect([code, (verdicts.get(code) ?? 0) > 5]).toEqual([code, true]);
  },
);

test('exact seats are not refused for a single seat where the row has no other choice of as many', async () => {
  await system().prisma.event.update({ where: { id: 1 }, data: { avoidSingles: true } });
  await system().prisma.seat.deleteMany();
  await system().redis.flushdb();
  await system().seats.open(1);
  expect((await claim({ seats: ['1-1-1', '1-1-5', '1-1-6'] })).decision).toMatchObject({ kind: 'got' });
  expect((await claim({ zone: 1, row: 1, start: 1, count: 2 })).decision).toMatchObject({ kind: 'got' });
  expect((await claim({ seats: ['1-2-1', '1-2-5', '1-2-6'] })).decision).toMatchObject({ kind: 'got' });
  expect((await claim({ zone: 1, row: 2, start: 2, count: 1 })).refusal).toMatchObject({
    code: 'SINGLE_SEAT_LEFT',
    alternatives: [{ zone: 1, row: 2, startIndex: 1, seatsCount: 1 }, {}, {}],
  });
});
