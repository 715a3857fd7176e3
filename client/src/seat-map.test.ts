import { expect, test } from '@jest/globals';
import type { SeatMap } from './contract.ts';
import { createSeatMap, type SeatSink } from './seat-map.ts';

/** A map in which the last seat, 1-1-3, is sold or free. */
const mapOf = (version: number, isSold = false): SeatMap => ({
  eventId: 1,
  version,
  zones: [{ zone: 1, rows: 1, seatsPerRow: 3, taken: btoa(String.fromCharCode(isSold ? 0b0010_0000 : 0)) }],
});
const sold = (version: number, label: string) => ({
  type: 'seats' as const,
  eventId: 1,
  zone: 1,
  version,
  seats: { SOLD: [label] },
});

/** Seats whose maps come from `answers`, first to last; an answer `undefined` is a failed request. */
function createTested(answers: (SeatMap | undefined)[]) {
  let soldSeats: string[] = [];
  const sink: SeatSink = {
    load({ zones }) {
      soldSeats = atob(zones[0]?.taken ?? '') === '\0' ? [] : ['1-1-3'];
    },
    apply(changes) {
      soldSeats.push(...changes.flatMap(({ SOLD = [] }) => SOLD));
    },
  };
  async function fetchMap(): Promise<SeatMap> {
    const map = answers.shift();
    if (map === undefined) throw new Error('no answer');
    return map;
  }
  const seatMap = createSeatMap(sink, fetchMap, new AbortController().signal);
  return { seatMap, soldSeats: () => soldSeats };
}

test('changes that come while a map loads apply afterwards, if they are newer than it', async () => {
  const { seatMap, soldSeats } = createTested([mapOf(5)]);
  const loaded = seatMap.load(0);
  seatMap.receive(sold(5, '1-1-1'));
  seatMap.receive(sold(6, '1-1-2'));
  expect(soldSeats()).toEqual([]);
  expect((await loaded).isLoaded).toBe(true);
  expect(soldSeats()).toEqual(['1-1-2']);
  seatMap.receive(sold(7, '1-1-3'));
  expect(soldSeats()).toEqual(['1-1-2', '1-1-3']);
});

test('a map that is older than the required version is loaded again', async () => {
  const answers = [mapOf(3), mapOf(3), mapOf(4, true)];
  const { seatMap, soldSeats } = createTested(answers);
  expect((await seatMap.load(4)).isLoaded).toBe(true);
  expect([answers, soldSeats()]).toEqual([[], ['1-1-3']]);
});

test('a failed load leaves the map stale, and its changes buffered', async () => {
  const { seatMap, soldSeats } = createTested([mapOf(1), undefined, mapOf(2)]);
  await seatMap.load(0);
  expect([seatMap.isBehind(1), seatMap.isBehind(2)]).toEqual([false, true]);
  expect((await seatMap.load(2)).isLoaded).toBe(false);
  seatMap.receive(sold(3, '1-1-2'));
  expect([seatMap.failedLoads(), seatMap.isBehind(1), soldSeats()]).toEqual([1, true, []]);
  expect((await seatMap.load(0)).isLoaded).toBe(true);
  expect([seatMap.failedLoads(), seatMap.isBehind(3), soldSeats()]).toEqual([0, false, ['1-1-2']]);
});

test('more changes than the buffer holds require a newer map', async () => {
  const answers = [mapOf(1), mapOf(1), mapOf(2_001)];
  const { seatMap } = createTested(answers);
  await seatMap.load(0);
  seatMap.markStale(1);
  for (let version = 1; version <= 2_001; version += 1) seatMap.receive(sold(version, '1-1-1'));
  expect((await seatMap.load(0)).isLoaded).toBe(true);
  expect(answers).toEqual([]);
});
