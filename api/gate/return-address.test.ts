import { describe, expect, test } from '@jest/globals';
import { requestedAddress, withEntry, withoutEntry } from './return-address.ts';

const byForwarding = (uri: string, host = 'shop.example') => ({
  'x-forwarded-proto': 'https',
  'x-forwarded-host': host,
  'x-forwarded-uri': uri,
});

test('the address comes from the headers of the proxy', () => {
  const nginx = requestedAddress({ 'x-original-url': 'https://shop.example/a?b=c' });
  expect([nginx.proxy, nginx.url.href]).toEqual(['nginx', 'https://shop.example/a?b=c']);
  const other = requestedAddress(byForwarding('/a?b=c', 'shop.example:443'));
  expect([other.proxy, other.url.href]).toEqual(['forward-auth', 'https://shop.example/a?b=c']);
});

describe('refuses', () => {
  test.each<[string, Record<string, string>]>([
    ['no header', {}],
    ['the headers of both proxies', { ...byForwarding('/a'), 'x-original-url': 'https://shop.example/a' }],
    ['a path alone', { 'x-original-url': '/a' }],
    ['a host that is none', byForwarding('/a', 'sh op')],
    ['a missing host', { 'x-forwarded-uri': '/a', 'x-forwarded-proto': 'https' }],
    ['a path that continues the host', byForwarding('.evil.test/')],
    ['another scheme', { 'x-original-url': 'javascript:alert(1)' }],
    ['a user name', { 'x-original-url': 'https://shop.example@evil.test/' }],
    ['an address that is too long', { 'x-original-url': `https://shop.example/${'a'.repeat(16_000)}` }],
  ])('%s', (_name, headers) => {
    expect(() => requestedAddress(headers)).toThrow(/X-Original-URL|X-Forwarded/);
  });
});

test.each([
  ['https://shop.example/', 'https://shop.example/?frontrow_7=e'],
  ['https://shop.example/a?b=%20c&d', 'https://shop.example/a?b=%20c&d&frontrow_7=e'],
  ['https://shop.example/a?x=1#there', 'https://shop.example/a?x=1&frontrow_7=e#there'],
])('an entry is added to %s and taken away again', (address, withIt) => {
  expect(withEntry(7, address, 'e')).toBe(withIt);
  expect(withoutEntry(7, new URL(withIt))).toEqual({ address, entry: 'e' });
  expect(withoutEntry(7, new URL(address))).toEqual({ address, entry: undefined });
});

test('of several entries in an address none stays', () => {
  const { address, entry } = withoutEntry(
    7,
    new URL('https://shop.example/?frontrow_7=a&b=c&%66rontrow_7=d&frontrow_8=e'),
  );
  expect([address, entry]).toEqual(['https://shop.example/?b=c&frontrow_8=e', 'a']);
});
