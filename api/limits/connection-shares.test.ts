import { expect, test } from '@jest/globals';
import { createConnectionShares } from './connection-shares.ts';

const bounds = { all: 5, ofClient: 3, spare: 3, spareOfClient: 2 };
const admitAll = (admit: ReturnType<typeof createConnectionShares>, clients: (string | undefined)[]) =>
  clients.map((client) => admit(client).as);

test('a client past its share is answered health checks only, then closed; others are served', () => {
  const admit = createConnectionShares(bounds);
  expect(admitAll(admit, ['a', 'a', 'a', 'a', 'a', 'a'])).toEqual([
    ...['served', 'served', 'served'],
    ...['spare', 'spare', 'closed'],
  ]);
  expect(admitAll(admit, ['b', 'b'])).toEqual(['served', 'served']);
  expect(admitAll(admit, ['c', 'c'])).toEqual(['spare', 'closed']);
});

test('a closed connection frees a place for the same client', () => {
  const admit = createConnectionShares(bounds);
  const [first] = [admit('a'), admit('a'), admit('a')];
  expect(admit('a').as).toBe('spare');
  first?.close();
  expect(admit('a').as).toBe('served');
});

test('a proxy forwards for all clients: only the bound of all connections limits it', () => {
  const admit = createConnectionShares(bounds);
  expect(admitAll(admit, Array<undefined>(9).fill(undefined))).toEqual([
    ...['served', 'served', 'served', 'served', 'served'],
    ...['spare', 'spare', 'spare', 'closed'],
  ]);
});
