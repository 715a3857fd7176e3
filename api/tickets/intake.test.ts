import { expect, jest, test } from '@jest/globals';
import { createDrainMeter } from '../../shared/domain/drain.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import type { JobQueue } from '../../shared/queues/queue.ts';
import type { TicketStore } from '../../shared/stores/redis/tickets.ts';
import { answerTo, createIntake, entriesToEnqueue, waitingBefore } from './intake.ts';

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

test('a flush that is tried again remembers no ticket anew that was settled meanwhile', async () => {
  const remembered: string[] = [];
  let isSettled = false;
  const accept: TicketStore['accept'] = async (_shard, _node, requests) => {
    const tickets = requests.map(({ ticketId }, i) => ({ ticketId, place: i + 1, enqueue: !isSettled }));
    return { settled: isSettled ? tickets.length : 0, tickets };
  };
  const add = jest.fn<JobQueue['add']>(async () => {
    isSettled = true; // the job is on the queue and done, and the answer of Redis is lost
    throw new Error('the connection was closed');
  });
  const intake = createIntake({
    job: 'book',
    tickets: { accept, bindEverywhere: async () => true } as unknown as TicketStore,
    replicated: { begin: () => async () => undefined },
    queues: [{ add } as unknown as JobQueue],
    node: 'node',
    meters: [createDrainMeter()],
    maxQueued: 5,
    isFull: () => false,
    remember: (ticketId) => void remembered.push(ticketId),
    log: createLogger({ LOG_LEVEL: 'silent' }, 'test'),
  });
  const request = { eventId: 1, wish: { count: 1 }, hold: false };
  const { ticketId } = await intake.submit(0, 'book', request, undefined);
  expect(add).toHaveBeenCalledTimes(1);
  expect(remembered).toEqual([ticketId]);
});
