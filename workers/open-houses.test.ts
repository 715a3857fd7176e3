import { expect, jest, test } from '@jest/globals';
import type { House } from '../shared/domain/house.ts';
import type { Logger } from '../shared/platform/logger.ts';
import { openHouses } from './open-houses.ts';

const HOUSE = {} as House;
const logError = jest.fn();
const log = { error: logError } as unknown as Logger;
const listed = (...ids: number[]) => ({ idsOnSaleFirst: async () => ids });

/** A house that opens when the test says so. */
const slowHouses = () => {
  const opened: number[] = [];
  const waiting: (() => void)[] = [];
  const open = (eventId: number) => {
    opened.push(eventId);
    return new Promise<House>((resolve) => waiting.push(() => resolve(HOUSE)));
  };
  return { opened, open, openNext: () => waiting.shift()?.() };
};

test('houses are opened two at a time, in the order of the list', async () => {
  const { opened, open, openNext } = slowHouses();
  const { stop } = openHouses({ events: listed(7, 3, 5, 9), seats: { open }, log });
  for (const expected of [
    [7, 3],
    [7, 3, 5],
    [7, 3, 5, 9],
  ]) {
    await new Promise(setImmediate);
    expect(opened).toEqual(expected);
    openNext();
  }
  openNext();
  await stop();
});

test('a house that never opens holds up no other', async () => {
  const opened: number[] = [];
  const open = (eventId: number) => {
    opened.push(eventId);
    return eventId === 7 ? new Promise<House>(() => undefined) : Promise.resolve(HOUSE);
  };
  openHouses({ events: listed(7, 3, 5, 9), seats: { open }, log });
  await new Promise(setImmediate);
  expect(opened).toEqual([7, 3, 5, 9]);
});

test('a house that does not open is logged and holds up no other', async () => {
  const opened: number[] = [];
  const open = async (eventId: number) => {
    if (eventId === 3) throw new Error('the zones cannot be read');
    opened.push(eventId);
    return HOUSE;
  };
  const { stop } = openHouses({ events: listed(7, 3, 5), seats: { open }, log });
  await new Promise(setImmediate);
  await stop();
  expect(opened).toEqual([7, 5]);
  expect(logError).toHaveBeenCalledWith(expect.objectContaining({ eventId: 3 }), 'opening a house failed');
});

test('a worker that stops opens no further house, and waits for those under way', async () => {
  const { opened, open, openNext } = slowHouses();
  const { stop } = openHouses({ events: listed(7, 3, 5), seats: { open }, log });
  await new Promise(setImmediate);
  const stopped = stop();
  openNext();
  openNext();
  await stopped;
  expect(opened).toEqual([7, 3]);
});
