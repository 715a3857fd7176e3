import { expect, test } from '@jest/globals';
import type { Request } from 'express';
import { clientOf, clientOfAddress } from './client-address.ts';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['192.0.2.1:5123', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:C000:0201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:c000:201', '192.0.2.1'],
  ['[::ffff:192.0.2.1]:5123', '192.0.2.1'],
  ['::ffff:192.0.2.1%eth0', '192.0.2.1'],
  ['2001:DB8:0000:1234:0000::1', '2001:db8:0:1200::/56'],
  ['2001:db8:0:1234::1%eth0', '2001:db8:0:1200::/56'],
  ['[2001:db8:0:1234::1%25eth0]:5123', '2001:db8:0:1200::/56'],
  ['2001:db8:0:12ff::1', '2001:db8:0:1200::/56'],
  ['2001:db8:0:1234:5::1', '2001:db8:0:1200::/56'],
  ['[2001:db8:0:1234::1]:5123', '2001:db8:0:1200::/56'],
  ['[2001:db8:0:1234::1]', '2001:db8:0:1200::/56'],
])('%s counts as the client %s', (address, client) => {
  expect(clientOfAddress(address)).toBe(client);
});

test.each([
  'unknown',
  '_hidden',
  '',
  '192.0.2.1.5',
  '192.0.2.1:',
  '010.0.0.1',
  '127.1',
  '::ffff:010.0.0.1',
  '2001:db8::1::2',
  'a'.repeat(1_000),
  '192.0.2.1, 192.0.2.2',
])('a text that is no address (%s) counts as the proxy that forwarded it', (ip) => {
  expect(clientOf({ ip, socket: { remoteAddress: '10.0.0.1' } } as Request)).toBe('10.0.0.1');
});
