import { expect, test } from '@jest/globals';
import { createHasher, solve } from './solve.ts';

/** The first word of SHA-256 of a text, as the platform has it. */
const rightOf = async (text: string): Promise<number> =>
  new DataView(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))).getUint32(0);

test('hashes as SHA-256 does, wherever blocks end', async () => {
  for (let length = 0; length < 200; length += 1) {
    const prefix = 'p'.repeat(length);
    const firstWordOf = createHasher(prefix);
    for (const text of ['', 'x', 'a text of thirty-two characters.'])
      expect(firstWordOf(text)).toBe(await rightOf(prefix + text));
  }
});

test('finds a text whose hash begins with zeros, and reports its progress', async () => {
  const noted: number[] = [];
  const challenge = `c.1.1.14.1795338360250.140737488355327.${'x'.repeat(43)}`;
  const solution = solve(challenge, 14, (progress) => noted.push(progress));
  expect(Math.clz32(await rightOf(`${challenge}:${solution}`))).toBeGreaterThanOrEqual(14);
  expect(noted[0]).toBe(0);
  expect([...noted].sort((a, b) => a - b)).toEqual(noted);
  expect(Math.max(...noted)).toBeLessThan(1);
});
