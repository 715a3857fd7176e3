import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerMessage } from '../../shared/contract/messages.ts';
import { MAX_EVENTS_IN_OVERVIEW, MAX_FAULTS_IN_OVERVIEW, type Overview } from '../../shared/contract/overview.ts';
import type { PipelineView } from '../../shared/contract/pipeline.ts';
import { createDrainMeter, type DrainMeter } from '../../shared/domain/drain.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import { type Logger, lastFaults } from '../../shared/platform/logger.ts';
import { serverMetrics } from '../../shared/platform/server-metrics.ts';
import type { WorkersStore } from '../../shared/stores/redis/workers.ts';
import { metrics } from '../../shared/telemetry/metrics.ts';
import type { ServerSettings } from '../../shared/telemetry/server-settings.ts';
import { ApiError } from '../http/errors.ts';
import type { EventsOfOperators } from './events-of-operators.ts';
import { queueSection, valuesOf } from './overview-sections.ts';

/** Milliseconds between two overviews. */
const INTERVAL_MS = 1_000;

/** Milliseconds that the read of one section may take. A section that takes longer is left out. */
const READ_TIMEOUT_MS = 1_500;

/** Operators who watch one API process. */
const MAX_WATCHERS = 50;

/** Called with the message of an overview as bytes: one copy serves all. */
type Watcher = (message: Buffer) => void;

type OverviewDeps = {
  /** Sets the gauges of `/metrics`, from which most sections are made. */
  refreshGauges: () => Promise<void>;
  pipeline: () => PipelineView;
  eventsOfOperators: Pick<EventsOfOperators, 'busiest'>;
  workers: Pick<WorkersStore, 'view' | 'outcomes'>;
  serverSettings: Pick<ServerSettings, 'found'>;
  shards: number;
  log: Logger;
};

/** The state of the whole system, read once a second for all operators who watch this node, and only while one does. */
export function createOverview(deps: OverviewDeps) {
  const watchers = new Set<Watcher>();
  const meters = Array.from({ length: deps.shards }, () => createDrainMeter());
  let isRunning = false;

  async function run(): Promise<void> {
    while (watchers.size > 0) {
      try {
        const message: ServerMessage = { type: 'overview', ...(await readOverview(deps, meters)) };
        const bytes = Buffer.from(JSON.stringify(message));
        for (const watcher of watchers) watcher(bytes);
      } catch (fault) {
        deps.log.error({ err: fault }, 'making an overview failed'); // the next one may succeed
      }
      await sleep(INTERVAL_MS, undefined, { ref: false });
    }
    isRunning = false;
  }

  return {
    /**
     * Calls the watcher with an overview now and each second. The result removes the watcher.
     *
     * @throws ApiError OVERLOADED
     */
    watch(watcher: Watcher): () => void {
      if (watchers.size >= MAX_WATCHERS) throw new ApiError('OVERLOADED', 'Too many operators watch this server.');
      watchers.add(watcher);
      if (!isRunning) {
        isRunning = true;
        void run();
      }
      return () => watchers.delete(watcher);
    },
  };
}

export type OverviewMaker = ReturnType<typeof createOverview>;

/** Reads all sections that can be read in time: operators need the others most while a server is down. */
async function readOverview(deps: OverviewDeps, meters: readonly DrainMeter[]): Promise<Overview> {
  const { refreshGauges, pipeline, workers, serverSettings, log } = deps;
  await inTime(refreshGauges(), log);
  const workersView = await inTime(workers.view(), log);
  if (workersView !== undefined) for (const meter of meters) meter.noteWorkers(workersView.alive);
  const [queue, orders, outcomes, busiest, isRedisUp, isPostgresUp] = await Promise.all([
    inTime(readQueue(meters), log),
    readOrders(),
    inTime(workers.outcomes(), log),
    inTime(deps.eventsOfOperators.busiest(MAX_EVENTS_IN_OVERVIEW), log),
    isUp(serverMetrics.redisUp),
    isUp(serverMetrics.postgresUp),
  ]);
  return {
    atMs: sharedNowMs(),
    problems: pipeline().problems,
    redisUp: isRedisUp,
    postgresUp: isPostgresUp,
    queue,
    orders,
    outcomes,
    workers: workersView,
    events: busiest?.events,
    eventsInAll: busiest?.total,
    serverSettings: serverSettings.found(),
    faults: lastFaults.slice(0, MAX_FAULTS_IN_OVERVIEW),
    process: `API process ${process.pid}`,
  };
}

/** The result of a read in time; undefined where it fails or takes longer. */
function inTime<Result>(reading: Promise<Result>, log: Logger): Promise<Result | undefined> {
  const timeout = sleep(READ_TIMEOUT_MS, undefined, { ref: false });
  return Promise.race([reading, timeout]).catch((fault: Error) => {
    // At debug: this is logged each second, and `redisUp` and `postgresUp` report it as well.
    log.debug({ fault: fault.message }, 'reading a section of the overview failed');
    return undefined;
  });
}

const isUp = async (gauge: Parameters<typeof valuesOf>[0]): Promise<boolean> => (await valuesOf(gauge))[0]?.value === 1;

async function readQueue(meters: readonly DrainMeter[]): Promise<Overview['queue']> {
  const [depths, settledCounts, oldestAges, jobs] = await Promise.all([
    valuesOf(metrics.queueDepth),
    valuesOf(metrics.settled),
    valuesOf(metrics.queueOldest),
    valuesOf(metrics.queueJobs),
  ]);
  return queueSection({ depths, settledCounts, oldestAges, jobs }, meters, performance.now());
}

async function readOrders(): Promise<Overview['orders']> {
  const [[overdue], [refundsDue]] = await Promise.all([valuesOf(metrics.ordersOverdue), valuesOf(metrics.refundsDue)]);
  return overdue && refundsDue && { overdue: overdue.value, refundsDue: refundsDue.value };
}
