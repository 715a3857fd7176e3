import { expect, jest, test } from '@jest/globals';
import { createShardMeter } from '../../shared/domain/drain.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { READS_ALL } from '../auth/identity.ts';
import { createTicketReads } from './ticket-reads.ts';

/** The meter of a shard that drains so many tickets a second. */
function meterOf(perSecond: number) {
  const meter = createShardMeter({ deepAbove: 500 });
  for (let second = 0; second <= 60; second += 1) meter.observe(second * perSecond, 500, second * 1000);
  return meter;
}

function readsOf(meters: ReturnType<typeof meterOf>[]) {
  const lane = { eventId: 1, settled: 100, waiting: 400 };
  const record = { place: 1_100, kind: 'book', outcome: undefined, userId: undefined, ...lane } as const;
  const watch = jest.fn(async () => ({ settled: 100, waiting: 400, tickets: [record] }));
  const find = jest.fn(async (_id: string) => undefined);
  const reads = createTicketReads({
    tickets: { watch },
    bookings: { find },
    node: 'node',
    meters,
    deliver: () => undefined,
  });
  return { read: reads.read, watch, find };
}

test('the estimate of a ticket is that of its own shard', async () => {
  const { read } = readsOf([meterOf(100), meterOf(5_000)]);
  const etaOf = async (shard: number) => {
    const state = await read(newTicketId(shard), READS_ALL);
    return state.settled ? undefined : state.etaSeconds;
  };
  expect(await etaOf(0)).toBeCloseTo(10, 0);
  expect(await etaOf(1)).toBeCloseTo(0.2, 1);
});

test('a ticket whose shard is gone is looked for among the bookings; a text that is no ticket is not', async () => {
  const { read, watch, find } = readsOf([meterOf(100)]);
  const id = newTicketId(3);
  await expect(read(id, READS_ALL)).rejects.toMatchObject({ code: 'TICKET_UNKNOWN' });
  expect(find).toHaveBeenCalledWith(id);
  await expect(read(id.replace('-8003-', '-4003-'), READS_ALL)).rejects.toMatchObject({ code: 'TICKET_UNKNOWN' });
  expect(find).toHaveBeenCalledTimes(1);
  expect(watch).not.toHaveBeenCalled();
});
