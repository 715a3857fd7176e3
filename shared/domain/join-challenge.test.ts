import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { bitsOf, createJoinMeter, isSolved } from './join-challenge.ts';

test('a challenge becomes harder with the load, one bit for each doubling, between bounds', () => {
  expect([0, 1, 2, 3.9, 4, 8, 16, 32, 100, 1_000_000].map(bitsOf)).toEqual([15, 15, 15, 15, 16, 17, 18, 19, 19, 19]);
});

test('a solution is accepted with so many zero bits, and not with one fewer', () => {
  for (let i = 0; i < 2_000; i += 1) {
    const hex = createHash('sha256').update(`a challenge:${i}`).digest('hex');
    const binary = [...hex.slice(0, 8)]
      .map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0'))
      .join('');
    const zeros = binary.indexOf('1');
    expect(isSolved('a challenge', String(i), zeros)).toBe(true);
    expect(isSolved('a challenge', String(i), zeros + 1)).toBe(false);
  }
});

test('joins a second are measured over some seconds, and fade', () => {
  const meter = createJoinMeter();
  meter.note(1_000_000, 0); // visitors who had joined before
  expect(meter.perSecond()).toBe(0);
  for (let i = 1; i <= 80; i += 1) meter.note(1_000_000 + 10 * i, 125 * i);
  expect(meter.perSecond()).toBeGreaterThan(70);
  expect(meter.perSecond()).toBeLessThanOrEqual(80);
  meter.note(1_000_800, 30_000);
  expect(meter.perSecond()).toBeLessThan(1);
  meter.note(0, 30_125); // after a clear
  expect(meter.perSecond()).toBeGreaterThanOrEqual(0);
});
