import type { Gauge } from 'prom-client';
import type { EventOfOperators, Overview } from '../../shared/contract/overview.ts';
import type { RoomSettings } from '../../shared/contract/waiting-room.ts';
import type { DrainMeter } from '../../shared/domain/drain.ts';
import { eventStatusAt } from '../../shared/domain/event-status.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import type { OperatorsEvent } from '../../shared/stores/postgres/busy-events.ts';
import type { WaitingRooms } from '../waiting-room/lines.ts';

/** The values of a gauge, by labels. */
export type GaugeValues = { labels: Partial<Record<string, string | number>>; value: number }[];

type LineState = NonNullable<ReturnType<WaitingRooms['find']>>['state'];

export const valuesOf = async (gauge: Pick<Gauge, 'get'>): Promise<GaugeValues> =>
  (await gauge.get()).values as GaugeValues;

const sum = (values: GaugeValues): number => values.reduce((total, { value }) => total + value, 0);

/** The queues of all shards; undefined where Redis was not read. */
export function queueSection(
  gauges: { depths: GaugeValues; settledCounts: GaugeValues; oldestAges: GaugeValues; jobs: GaugeValues },
  /** How fast each shard drains. */
  meters: readonly DrainMeter[],
  nowMs: number,
): Overview['queue'] {
  if (gauges.depths.length === 0) return undefined;
  const depth = sum(gauges.depths);
  const settled = sum(gauges.settledCounts);
  const etas = gauges.depths.map(({ labels: { shard }, value: waiting }) => {
    const meter = meters[Number(shard)];
    meter?.observe(sum(gauges.settledCounts.filter(({ labels }) => labels.shard === shard)), waiting, nowMs);
    return waiting === 0 && meter?.isStopped() === false ? 0 : meter?.etaSeconds(waiting);
  });
  return {
    depth,
    accepted: settled + depth,
    settled,
    etaSeconds: latestOf(etas),
    oldestSeconds: Math.max(0, ...gauges.oldestAges.map(({ value }) => value)),
    failed: sum(gauges.jobs.filter(({ labels }) => labels.state === 'failed')),
  };
}

/** The time until the last shard is empty; undefined where one does not drain. */
const latestOf = (etas: readonly (number | undefined)[]): number | undefined =>
  etas.includes(undefined) ? undefined : Math.max(...etas.map(Number));

/** An event, its seats as last counted, and its waiting room. */
export function eventSection(event: OperatorsEvent, seatCounts: GaugeValues, line: LineState): EventOfOperators {
  const { id, name, onSaleAt, endsAt, cancelledAt, salesPaused, recentChanges, waitingRoom } = event;
  const times = { onSaleAt: onSaleAt?.toISOString() ?? null, endsAt: endsAt?.toISOString() ?? null };
  const counts = seatCounts.filter(({ labels }) => labels.event === String(id));
  const byStatus = Object.fromEntries(counts.map(({ labels, value }) => [String(labels.status), value]));
  const { mode = 'OFF', paused = false, peoplePerMinute = null, challenge = 'off' } = waitingRoom ?? {};
  return {
    eventId: id,
    name,
    status: eventStatusAt(sharedNowMs(), { ...times, salesPaused }, cancelledAt),
    salesPaused,
    recentChanges,
    seats: counts.length > 0 ? (byStatus as EventOfOperators['seats']) : undefined,
    room: {
      mode: mode.toLowerCase() as RoomSettings['mode'],
      paused,
      peoplePerMinute,
      challenge: challenge as RoomSettings['challenge'],
      line: line && lineSection(line),
    },
  };
}

const lineSection = ({
  on,
  joined,
  serving,
  inside,
  speed,
}: NonNullable<LineState>): EventOfOperators['room']['line'] => ({
  on,
  waiting: joined - serving,
  inside,
  speedPerSecond: speed,
});
