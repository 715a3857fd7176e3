import { expect, test } from '@jest/globals';
import { answerTo, entriesToEnqueue, waitingBefore } from './intake.ts';

const meter = { etaSeconds: (position: number) => position / 10 };
const ticket = (ticketId: string, place: number, enqueue = true) => ({ ticketId, place, enqueue });

test('each ticket is enqueued once, and a replay of an enqueued request is not', () => {
  const tickets = [ticket('a', 1), 'mismatch' as const, ticket('a', 1), ticket('old', 0, false), 'ended' as const];
  expect([...entriesToEnqueue(['1', '2', '3', '4', '5'], { tickets })]).toEqual([['a', '3']]);
});

test('a request that replays an idempotency key is answered with the older ticket', () => {
  expect(answerTo(ticket('new', 15), 'new', 5, meter)).toEqual({
    ticketId: 'new',
    position: 10,
    etaSeconds: 1,
    isReplay: false,
  });
  expect(answerTo(ticket('old', 3), 'new', 5, meter)).toMatchObject({ ticketId: 'old', position: 1, isReplay: true });
  expect(answerTo('mismatch', 'new', 5, meter)).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
  expect(answerTo('ended', 'new', 5, meter)).toMatchObject({ code: 'ADMISSION_INVALID' });
});

test('the tickets of a batch do not count as waiting before it', () => {
  expect(waitingBefore(2, { settled: 10, tickets: [ticket('a', 31), ticket('b', 32), 'mismatch'] })).toBe(20);
  expect(waitingBefore(3, { settled: 10, tickets: [ticket('a', 11)] })).toBe(0);
  expect(waitingBefore(1, { settled: 10, tickets: ['ended'] })).toBe(0);
});
