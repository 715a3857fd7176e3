import { describe, expect, test } from '@jest/globals';
import { returnAddressOf, siteNameOf } from './return-address.ts';

test.each([
  ['', 'none'],
  ['?bookings', 'none'],
  ['?return=', 'invalid'],
  ['?return=%2Fshop', 'invalid'],
  ['?return=javascript%3Aalert(1)', 'invalid'],
  ['?return=data%3Atext%2Fhtml,x', 'invalid'],
])('%s is %s', (query, address) => expect(returnAddressOf(query)).toBe(address));

test('an address is read whole, with its own query', () => {
  const address = returnAddressOf(`?return=${encodeURIComponent('https://shop.example/cart?a=1&b=2#top')}`);
  expect(String(address)).toBe('https://shop.example/cart?a=1&b=2#top');
});

describe('the site is named', () => {
  const sites = ['https://shop.example', 'https://other.example:8443'];
  const at = (address: string) => new URL(address);
  test.each([
    [{ title: 'Shop', sites }, at('https://evil.example'), 'Shop'],
    [{ sites }, at('https://other.example:8443/cart'), 'other.example:8443'],
    [{ sites }, at('https://evil.example'), undefined],
    [{ sites }, 'none', 'shop.example'],
    [{ sites }, 'invalid', 'shop.example'],
    [{}, at('https://shop.example'), undefined],
    [{}, 'none', undefined],
  ] as const)('%j %s: %s', (site, address, name) => expect(siteNameOf(site, address)).toBe(name));
});
