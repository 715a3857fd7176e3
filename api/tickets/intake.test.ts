import { expect, jest, test } from '@jest/globals';
import { createShardMeter } from '../../shared/domain/drain.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import type { JobQueue } from '../../shared/queues/queue.ts';
import type { TicketStore } from '../../shared/stores/redis/tickets.ts';
import { answerTo, createIntake, entriesToEnqueue, jobsOf } from './intake.ts';

const meter = { etaSeconds: (_eventId: unknown, position: number) => position / 10 };
const laneOf = (settled: number, priority?: number) => ({ settled, waitedBefore: 0, priority });
const own = { ticketId: 'new', eventId: 1 };
const ticket = (ticketId: string, place: number, enqueue = true) => ({ ticketId, place, enqueue });

test('each ticket is enqueued once, and a replay of an enqueued request is not', () => {
  const tickets = [ticket('a', 1), 'mismatch' as const, ticket('a', 1), ticket('old', 0, false), 'ended' as const];
  expect([...entriesToEnqueue(['1', '2', '3', '4', '5'], { tickets })]).toEqual([['a', '3']]);
});

test('a request that replays an idempotency key is answered with the older ticket', () => {
  const lanes = new Map([[1, laneOf(5)]]);
  expect(answerTo(ticket('new', 15), own, { lanes }, meter)).toEqual({
    ticketId: 'new',
    position: 10,
    etaSeconds: 1,
    isReplay: false,
  });
  expect(answerTo(ticket('old', 3), own, { lanes }, meter)).toMatchObject({
    ticketId: 'old',
    position: 1,
    isReplay: true,
  });
  expect(answerTo('mismatch', own, { lanes }, meter)).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
  expect(answerTo('ended', own, { lanes }, meter)).toMatchObject({ code: 'ADMISSION_INVALID' });
});

test('each event with a deep backlog gets a job of its own, and all others share one', () => {
  const entries = new Map([1, 2, 3, 1, 4].map((eventId, i) => [`ticket ${i}`, { eventId }]));
  const lanes = new Map([
    [1, laneOf(0, 7)],
    [2, laneOf(0)],
    [3, laneOf(0, 9)],
    [4, laneOf(0)],
  ]);
  const carriedBy = jobsOf(entries, { lanes }).map(({ priority, carried }) => [priority, ...carried.map(([id]) => id)]);
  expect(carriedBy).toEqual([
    [7, 'ticket 0', 'ticket 3'],
    [undefined, 'ticket 1', 'ticket 4'],
    [9, 'ticket 2'],
  ]);
});

test('a flush that is tried again remembers no ticket anew that was settled meanwhile', async () => {
  const remembered: string[] = [];
  let isSettled = false;
  const accept: TicketStore['accept'] = async (_shard, _node, requests) => {
    const tickets = requests.map(({ ticketId }, i) => ({ ticketId, place: i + 1, enqueue: !isSettled }));
    return { settled: isSettled ? tickets.length : 0, waitedBefore: 0, lanes: new Map(), tickets };
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
    meters: [createShardMeter({ deepAbove: 5 })],
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
