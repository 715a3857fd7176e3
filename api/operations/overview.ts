import { setTimeout as sleep } from 'node:timers/promises';
import type { Gauge } from 'prom-client';
import type { ServerMessage } from '../../shared/contract/messages.ts';
import { MAX_EVENTS_IN_OVERVIEW, MAX_FAULTS_IN_OVERVIEW, type Overview } from '../../shared/contract/overview.ts';
import type { PipelineView } from '../../shared/contract/pipeline.ts';
import type { RoomSettings } from '../../shared/contract/waiting-room.ts';
import { createDrainMeter } from '../../shared/domain/drain.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import { lastFaults } from '../../shared/platform/logger.ts';
import { serverMetrics } from '../../shared/platform/server-metrics.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { WorkersStore } from '../../shared/stores/redis/workers.ts';
import { metrics } from '../../shared/telemetry/metrics.ts';
import type { ServerSettings } from '../../shared/telemetry/server-settings.ts';
import { ApiError } from '../http/errors.ts';
import type { WaitingRooms } from '../waiting-room/lines.ts';

/** Milliseconds between two overviews, and that one part of it may take: what takes longer is left out. */
const EVERY_MS = 1_000;
const READING_MS = 1_500;

/** Operators who watch one API process. */
const MAX_WATCHERS = 50;

/** Is called with an overview's message, as bytes: one copy serves all. */
type Watcher = (message: Buffer) => void;

type Values = { labels: Partial<Record<string, string | number>>; value: number }[];

const valuesOf = async (metric: Pick<Gauge, 'get'>): Promise<Values> => (await metric.get()).values as Values;
const sum = (values: Values) => values.reduce((all, { value }) => all + value, 0);

/**
 * How the whole system stands, made once a second for all who watch at this node, and not at all when nobody does.
 *
 * @param deps.refreshGauges sets the gauges of `/metrics`, from which most of it is taken
 */
export function createOverview(deps: {
  refreshGauges: () => Promise<void>;
  pipeline: () => PipelineView;
  events: Pick<EventStore, 'newest'>;
  workers: Pick<WorkersStore, 'view' | 'outcomes'>;
  waitingRooms: Pick<WaitingRooms, 'find'>;
  serverSettings: Pick<ServerSettings, 'found'>;
  log: Logger;
}) {
  const { refreshGauges, pipeline, events, workers, waitingRooms, serverSettings, log } = deps;
  const watchers = new Set<Watcher>();
  const meter = createDrainMeter();
  let isMaking = false;

  /** What could be read in time; undefined else: an overview shows what there is, above all when something is away. */
  const orNothing = <Result>(reading: Promise<Result>): Promise<Result | undefined> =>
    Promise.race([reading, sleep(READING_MS, undefined, { ref: false })]).catch((fault: Error) => {
      // Each second, and `redisUp` and `postgresUp` beside it say what is away: no more than debug.
      log.debug({ fault: fault.message }, 'a part of the overview was not read');
      return undefined;
    });

  const etaOf = (depth: number) => (depth === 0 && !meter.isStopped() ? 0 : meter.etaSeconds(depth));

  async function readQueue(): Promise<Overview['queue']> {
    const [depths, settledCounts, ages, jobs] = await Promise.all(
      [metrics.queueDepth, metrics.settled, metrics.queueOldest, metrics.queueJobs].map(valuesOf),
    );
    if (!depths?.length || !settledCounts || !ages || !jobs) return undefined; // Redis is away
    const depth = sum(depths);
    const settled = sum(settledCounts);
    meter.observe(settled, depth, performance.now());
    return {
      depth,
      accepted: settled + depth,
      settled,
      etaSeconds: etaOf(depth),
      oldestSeconds: Math.max(0, ...ages.map(({ value }) => value)),
      failed: sum(jobs.filter(({ labels }) => labels.state === 'failed')),
    };
  }

  async function readEvents(): Promise<Overview['events']> {
    const [newest, counts] = await Promise.all([events.newest(MAX_EVENTS_IN_OVERVIEW), valuesOf(metrics.seats)]);
    return newest.map(({ id, name, salesPaused, waitingRoom }) => {
      const ofEvent = counts.filter(({ labels }) => labels.event === String(id));
      const seats = Object.fromEntries(ofEvent.map(({ labels, value }) => [String(labels.status), value]));
      const { mode = 'OFF', paused = false, peoplePerMinute = null, challenge = 'off' } = waitingRoom ?? {};
      const { state } = waitingRooms.find(id) ?? {};
      return {
        eventId: id,
        name,
        salesPaused,
        ...(ofEvent.length > 0 && { seats: seats as NonNullable<Overview['events']>[number]['seats'] }),
        room: {
          mode: mode.toLowerCase() as 'off' | 'on' | 'auto',
          paused,
          peoplePerMinute,
          challenge: challenge as RoomSettings['challenge'],
          ...(state !== undefined && {
            line: {
              on: state.on,
              waiting: state.joined - state.serving,
              inside: state.inside,
              speedPerSecond: state.speed,
            },
          }),
        },
      };
    });
  }

  async function make(): Promise<Overview> {
    await orNothing(refreshGauges());
    const [redisUp, postgresUp] = await Promise.all([serverMetrics.redisUp, serverMetrics.postgresUp].map(valuesOf));
    const view = await orNothing(workers.view());
    if (view !== undefined) meter.noteWorkers(view.alive);
    const [queue, outcomes, shown] = await Promise.all([
      orNothing(readQueue()),
      orNothing(workers.outcomes()),
      orNothing(readEvents()),
    ]);
    return {
      atMs: sharedNowMs(),
      problems: pipeline().problems,
      redisUp: redisUp?.[0]?.value === 1,
      postgresUp: postgresUp?.[0]?.value === 1,
      queue,
      outcomes,
      workers: view,
      events: shown,
      serverSettings: serverSettings.found(),
      faults: lastFaults.slice(0, MAX_FAULTS_IN_OVERVIEW),
      process: `API process ${process.pid}`,
    };
  }

  async function run(): Promise<void> {
    while (watchers.size > 0) {
      try {
        const message: ServerMessage = { type: 'overview', ...(await make()) };
        const bytes = Buffer.from(JSON.stringify(message));
        for (const watcher of watchers) watcher(bytes);
      } catch (fault) {
        log.error({ err: fault }, 'making an overview failed'); // the next one may succeed: only this loop begins it
      }
      await sleep(EVERY_MS, undefined, { ref: false });
    }
    isMaking = false;
  }

  return {
    /**
     * Tells an overview now and each second. The result ends that.
     *
     * @throws ApiError OVERLOADED
     */
    watch(watcher: Watcher): () => void {
      if (watchers.size >= MAX_WATCHERS) throw new ApiError('OVERLOADED', 'Too many operators watch here.');
      watchers.add(watcher);
      if (!isMaking) {
        isMaking = true;
        void run();
      }
      return () => watchers.delete(watcher);
    },
  };
}

export type OverviewMaker = ReturnType<typeof createOverview>;
