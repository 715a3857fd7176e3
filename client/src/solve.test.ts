import { expect, test } from '@jest/globals';
import { solve } from './solve.ts';

/** The first word of SHA-256 of a text, by WebCrypto. */
const expectedWordOf = async (text: string): Promise<number> =>
  new DataView(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))).getUint32(0);

test('a solution has a hash that begins with zeros, and the progress is reported', async () => {
  const reports: number[] = [];
  const challenge = `c.1.1.14.1795338360250.140737488355327.${'x'.repeat(43)}`;
  const solution = await solve(challenge, 14, (progress) => reports.push(progress));
  expect(Math.clz32(await expectedWordOf(`${challenge}:${solution}`))).toBeGreaterThanOrEqual(14);
  expect(reports[0]).toBe(0);
  expect([...reports].sort((a, b) => a - b)).toEqual(reports);
  expect(Math.max(...reports)).toBeLessThan(1);
});
