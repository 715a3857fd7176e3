import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { MAX_WORKERS } from '../shared/contract/limits.ts';
import {
  type ComingSale,
  NO_WORKERS_SEEN,
  type WorkersModel,
  workersDesired,
  workersModel,
} from '../shared/domain/workers-desired.ts';
import { throwUnlessUnavailable } from '../shared/platform/faults.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { Loops } from '../shared/platform/loops.ts';
import type { Progress } from '../shared/stores/redis/pipeline.ts';
import type { WorkersStore } from '../shared/stores/redis/workers.ts';
import type { RoomStore } from '../shared/stores/rooms.ts';
import { countOutcomes } from '../shared/telemetry/metrics.ts';

/** Milliseconds between two heartbeats. */
const BEAT_MS = 1_000;

/** Milliseconds in which one worker reads the load: a little less, so that each second has a reading. */
const TURN_MS = 900;

/** Milliseconds between two reads of the sales that come: few of the minutes for which they count. */
const COMING_MS = 10_000;

type HeartbeatDeps = { workers: WorkersStore; rooms: RoomStore; progress: Progress; loops: Loops; log: Logger };

/**
 * Reports once a second that this worker runs, its outcomes, its progress and its stalled loops; in its turn it
 * computes the desired number of workers. It is no job, because it matters most when jobs wait. The returned function
 * ends it and removes the worker from the list.
 */
export async function startHeartbeat(deps: HeartbeatDeps) {
  const { workers, rooms, progress, loops, log } = deps;
  const worker = `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`;

  const reported = await countOutcomes();
  let coming: ComingSale[] = [];

  /** Outcomes of a report under way count as reported: a report that hangs may arrive after the next one. */
  function noteReported(fresh: Record<string, number>, sign: 1 | -1): void {
    for (const [name, tickets] of Object.entries(fresh)) reported[name] = (reported[name] ?? 0) + sign * tickets;
  }

  async function report(): Promise<void> {
    const counts = Object.entries(await countOutcomes());
    const fresh = Object.fromEntries(
      counts
        .map(([name, tickets]) => [name, tickets - (reported[name] ?? 0)] as const)
        .filter(([, tickets]) => tickets > 0),
    );
    const progressed = progress.take();
    noteReported(fresh, 1);
    try {
      await workers.beat(worker, {
        outcomes: fresh,
        progress: progressed,
        stalled: loops.stalled().map(({ name }) => name),
      });
    } catch (fault) {
      noteReported(fresh, -1);
      for (const name of progressed) progress.note(name);
      throw fault;
    }
  }

  async function beat(): Promise<void> {
    const [hasTurn] = await Promise.all([workers.takeTurn('desired', TURN_MS), report()]);
    if (!hasTurn) return;
    const [{ asked, bounds = { min: 1, max: MAX_WORKERS }, model: stored }, load] = await Promise.all([
      workers.read(),
      workers.readLoad(),
    ]);
    const { desired, model } = workersDesired(modelOf(stored), load, bounds, coming);
    await workers.saveDesired(asked ?? desired, JSON.stringify(model));
  }

  // In a loop of its own: PostgreSQL may be unavailable.
  const readComing = async () => {
    coming = await rooms.comingSales();
  };
  const noteFault = (fault: Error) => log.warn({ fault: fault.message }, 'heartbeat failed');
  await beat().catch(noteFault);
  const stopReading = loops.repeat('coming sales read', COMING_MS, readComing, (fault) =>
    log.warn({ fault: fault.message }, 'reading the sales that come failed'),
  );
  const stop = loops.repeat('heartbeat', BEAT_MS, beat, noteFault);
  return async () => {
    await Promise.all([stop(), stopReading()]);
    await workers.remove(worker).catch(throwUnlessUnavailable); // it counts as dead after five seconds
  };
}

/** The stored model. One that another version wrote and this one cannot read is replaced by an empty one. */
function modelOf(text: string | undefined): WorkersModel {
  const parsed = workersModel.safeParse(text === undefined ? undefined : JSON.parse(text));
  return parsed.success ? parsed.data : NO_WORKERS_SEEN;
}
