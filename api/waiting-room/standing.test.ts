import { expect, test } from '@jest/globals';
import { visitorView } from '../../shared/contract/waiting-room.ts';
import { hasLine, standingIn } from '../../shared/domain/line-standing.ts';
import { beforeSaleView, waitingView } from '../../shared/domain/visitor-view.ts';
import type { RoomState } from '../../shared/stores/redis/room-hash.ts';
import type { KnownLine } from './line.ts';
import { lineViewOf, saleOf } from './line-view.ts';
import { nowOf } from './room-clock.ts';

/** A line of 1,000 visitors with seats enough for all: 100 were called, ten a second. */
const state = {
  on: true,
  people: 0,
  drawn: true,
  joined: 1_000,
  serving: 100,
  isRateUsed: true,
  rate: 10,
  growth: 0,
  topRate: 10,
  speed: 10,
  seatsEach: 1,
  seatsMost: 1,
  seatsSpare: 5_000,
  paused: false,
  turnMs: 60_000,
  limitRate: 0,
  admissionMs: 300_000,
  holdMs: 600_000,
  aheadMs: 0,
  onSaleMs: 0,
  asOfMs: 0,
  timeZone: 'Europe/Berlin',
} as RoomState;

/** The view of a visitor at a position of a line in this state. */
function viewAt(state: RoomState, position: number) {
  const line = lineViewOf({ eventId: 1, generation: 1, state } as KnownLine, false);
  if (line === undefined || !hasLine(line)) throw new Error('nobody waits');
  const standing = standingIn(line, position);
  if (standing.status !== 'waiting') throw new Error(`the visitor is ${standing.status}`);
  return waitingView(line, standing);
}

test('a waiting visitor sees how many are ahead and the range of the wait, and polls again within it', () => {
  const view = visitorView.parse(viewAt(state, 201));
  expect(view).toMatchObject({ position: 201, ahead: 100, wait: { seconds: 11, fromSeconds: 6, toSeconds: 19 } });
  expect(view.askAgainSeconds).toBeGreaterThanOrEqual(4.8);
  expect(view.askAgainSeconds).toBeLessThanOrEqual(7.3);
});

test('the range covers the unknowns: how far the rate grows, and whether the seats reach the visitor', () => {
  const rangeOf = (change: Partial<RoomState>) => {
    const { fromSeconds = 0, toSeconds = 0, seconds = 0 } = viewAt({ ...state, ...change }, 1_101).wait ?? {};
    return { fromSeconds, toSeconds, seconds };
  };
  const steady = rangeOf({});
  expect(steady).toEqual({ fromSeconds: 60, toSeconds: 172, seconds: 101 });
  const growing = { rate: 10, growth: 0.4, topRate: 100 };
  const fast = rangeOf(growing);
  expect(fast.toSeconds).toBeGreaterThan(fast.seconds * 2); // it may grow slower
  expect(fast.toSeconds).toBeLessThan(steady.toSeconds);
  const past = rangeOf({ growth: 0.1 });
  expect(past.fromSeconds).toBeLessThan(steady.fromSeconds); // it may grow on, twice as far
  expect(past.fromSeconds).toBeGreaterThanOrEqual(35);
  expect(rangeOf({ growth: 0.1, limitRate: 10 }).fromSeconds).toBe(60); // not past what an operator allows
  const unused = rangeOf({ isRateUsed: false, speed: 5 }); // the rate may be used again
  expect(unused).toEqual({ fromSeconds: 70, toSeconds: 402, seconds: 201 });
  const last = rangeOf({ seatsMost: 4 });
  expect(last).toEqual({ ...steady, toSeconds: 172 + 2 * (60 + 300 + 600) });
  expect(rangeOf({ seatsMost: 4, isRateUsed: false }).fromSeconds).toBe(0); // one visitor who leaves is enough
});

test('there is no estimate while nobody is admitted, where seats will not last, or beyond a day', () => {
  const paused = viewAt({ ...state, paused: true }, 201);
  const late = viewAt({ ...state, seatsSpare: 100 }, 201);
  const stuck = viewAt({ ...state, rate: 0 }, 201);
  for (const view of [paused, late, stuck])
    expect(view).toMatchObject({ status: 'waiting', position: 201, ahead: 100 });
  expect([paused.wait, late.wait, stuck.wait]).toEqual([undefined, undefined, undefined]);
  expect([paused.paused, late.likelySoldOut]).toEqual([true, true]);
});

test('the next poll is within a turn, and the times of polls are spread', () => {
  const short = { ...state, turnMs: 8_000 };
  const seconds = Array.from({ length: 100 }, () => viewAt(short, 1_000).askAgainSeconds);
  expect(Math.max(...seconds)).toBeLessThanOrEqual(6);
  const spread = Array.from({ length: 100 }, () => viewAt(state, 201).askAgainSeconds);
  expect(new Set(spread).size).toBeGreaterThan(5);
});

const beforeSale = (state: RoomState) => beforeSaleView(saleOf(1, state), nowOf(state));

test('before the sale a visitor sees when it begins, and no position', () => {
  const onSaleMs = Date.now() + 10_000;
  const view = visitorView.parse(beforeSale({ ...state, onSaleMs }));
  expect(view).toMatchObject({
    status: 'before_sale',
    onSaleAt: new Date(onSaleMs).toISOString(),
    timeZone: 'Europe/Berlin',
  });
  expect(view.position).toBeUndefined();
  // an API that is an hour ahead of Redis
  const behind = beforeSale({ ...state, onSaleMs, aheadMs: -3_600_000 });
  expect(Date.parse(behind.now ?? '')).toBeLessThan(Date.now() - 3_590_000);
  expect(behind.askAgainSeconds).toBe(30);
  expect(view.askAgainSeconds).toBeGreaterThanOrEqual(7.9);
});
