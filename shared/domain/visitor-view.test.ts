import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { WaitingLine } from '../contract/line.ts';
import { mayRead, viewByLine } from './visitor-view.ts';

const line: WaitingLine = {
  eventId: 1,
  status: 'waiting',
  asOf: '2026-11-22T10:00:00.000Z',
  generation: 1,
  paused: false,
  stopped: false,
  sold: false,
  requiresLogin: false,
  people: 0,
  joined: 100_000,
  serving: 0,
  ratePerSecond: 1,
  growthPerSecond2: 0,
  topPerSecond: 1,
  fastestPerSecond: 1,
  steady: true,
  seatsSpare: 200_000,
  seatsEach: 1,
  seatsMost: 1,
  seatBackSeconds: 900,
  turnSeconds: 60,
};

test('a visitor who may read the line learns of a turn within half of it, and all others poll', () => {
  const states = fc.constantFrom<Partial<WaitingLine>>(
    {},
    { paused: true },
    { stopped: true },
    { sold: true, status: 'sold_out' },
    { status: 'before_sale', onSaleAt: '2026-11-23T10:00:00.000Z' },
  );
  fc.assert(
    fc.property(
      states,
      fc.integer({ min: 1, max: 600 }),
      fc.double({ min: 0, max: 400, noNaN: true }),
      fc.integer({ min: 1, max: 100_000 }),
      (state, turnSeconds, age, arrival) => {
        const read = { ...line, ...state, turnSeconds };
        if (!mayRead(read, age)) return expect(turnSeconds < 30 || age > turnSeconds / 2 - 1).toBe(true);
        const view = viewByLine(read, { generation: 1, arrival, hasUser: false }, age);
        expect((view?.askAgainSeconds ?? 0) + age).toBeLessThanOrEqual(turnSeconds / 2 + 1e-9);
        return expect(view?.askAgainSeconds).toBeGreaterThanOrEqual(1);
      },
    ),
  );
});
