import { expect, test } from '@jest/globals';
import { createDrainMeter } from '../../shared/domain/drain.ts';
import { eventSection, queueSection } from './overview-sections.ts';

const gauge = (value: number, labels = {}) => ({ labels, value });
const noGauges = { depths: [], settledCounts: [], oldestAges: [], jobs: [] };
const dates = { onSaleAt: null, endsAt: null, cancelledAt: null };
const event = { id: 3, name: 'Concert', ...dates, salesPaused: true, recentChanges: 4, waitingRoom: null };

test('the queues of all shards are added up; only failed jobs count as failed', () => {
  const gauges = {
    depths: [gauge(3, { shard: '0' }), gauge(4, { shard: '1' })],
    settledCounts: [gauge(10, { shard: '0' }), gauge(20, { shard: '1' })],
    oldestAges: [gauge(1.5), gauge(0.5)],
    jobs: [gauge(2, { state: 'failed' }), gauge(9, { state: 'waiting' })],
  };
  const section = queueSection(gauges, [createDrainMeter(), createDrainMeter()], 0);
  expect(section).toMatchObject({ depth: 7, accepted: 37, settled: 30, oldestSeconds: 1.5, failed: 2 });
});

test('an empty queue has an estimate of 0 while a worker runs, and none without one', () => {
  const gauges = { ...noGauges, depths: [gauge(0, { shard: '0' })] };
  const meter = createDrainMeter();
  expect(queueSection(gauges, [meter], 0)).toMatchObject({ depth: 0, etaSeconds: 0, oldestSeconds: 0 });
  meter.noteWorkers(0);
  expect(queueSection(gauges, [meter], 0)?.etaSeconds).toBeUndefined();
  expect(queueSection(noGauges, [meter], 0)).toBeUndefined();
});

test('the estimate is that of the shard that takes longest: another that is fast does not shorten it', () => {
  const meters = [createDrainMeter(), createDrainMeter()];
  const at = (second: number, slowWaiting: number) => ({
    ...noGauges,
    depths: [gauge(slowWaiting, { shard: '0' }), gauge(100, { shard: '1' })],
    settledCounts: [gauge(10 * second, { shard: '0' }), gauge(5_000 * second, { shard: '1' })],
  });
  let section: ReturnType<typeof queueSection>;
  for (let second = 0; second <= 60; second += 1) section = queueSection(at(second, 100), meters, second * 1000);
  expect(section?.etaSeconds).toBeCloseTo(10, 0);
});

test('an event shows the seats that were counted, and its line where this node has read it', () => {
  const counts = [gauge(5, { event: '3', status: 'SOLD' }), gauge(9, { event: '4', status: 'SOLD' })];
  const room = { mode: 'off', paused: false, peoplePerMinute: null, challenge: 'off' };
  expect(eventSection(event, [], undefined)).toEqual({
    eventId: 3,
    name: 'Concert',
    status: 'PAUSED',
    salesPaused: true,
    recentChanges: 4,
    room,
  });
  expect(eventSection(event, counts, undefined).seats).toEqual({ SOLD: 5 });
  const line = { on: true, joined: 100, serving: 40, inside: 7, speed: 2.5 };
  expect(eventSection(event, [], line as never).room.line).toEqual({
    on: true,
    waiting: 60,
    inside: 7,
    speedPerSecond: 2.5,
  });
});
