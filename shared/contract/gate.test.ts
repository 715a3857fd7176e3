import { expect, test } from '@jest/globals';
import { sites } from './gate.ts';

test.each([
  'https://shop.example',
  'https://shop.example:8443',
  'http://localhost:8080',
  'http://127.0.0.1',
  'http://[::1]:80',
])('%s is a site, or has the default port', (site) =>
  expect(sites.safeParse([site]).success).toBe(new URL(site).origin === site),
);

test.each([
  'http://shop.example', // browsers drop the cookie
  'https://shop.example/',
  'https://Shop.example',
  'https://shop.example:443',
  'https://*.example',
  'https://a;b',
  'https://me@shop.example',
  'shop.example',
  'null',
  '',
  `https://${'a'.repeat(300)}`,
])('%s is none', (site) => expect(sites.safeParse([site]).success).toBe(false));

test('a site is named once, and there are at most 20', () => {
  const many = Array.from({ length: 21 }, (_, i) => `https://shop${i}.example`);
  expect(sites.safeParse(many.slice(1)).success).toBe(true);
  expect(sites.safeParse(many).success).toBe(false);
  expect(sites.safeParse(['https://shop.example', 'https://shop.example']).success).toBe(false);
});
