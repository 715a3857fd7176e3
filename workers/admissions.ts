import { setTimeout as sleep } from 'node:timers/promises';
import type { MirroredLine } from '../shared/domain/line.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { Loops } from '../shared/platform/loops.ts';
import type { EventStore } from '../shared/stores/postgres/events.ts';
import type { Step } from '../shared/stores/postgres/rooms.ts';
import { HEADROOM, type RoomStore } from '../shared/stores/rooms.ts';
import type { SeatStore } from '../shared/stores/seats.ts';

/** Milliseconds between two rounds while any line is due, and between two reads of the list of rooms. */
const ROUND_MS = 25;
const LIST_MS = 250;

/**
 * Milliseconds between two rounds while all rooms are off, and between two reads of the list while nobody waits: the
 * longest time until a room that is switched on is seen.
 */
const IDLE_MS = 1_000;

/** Lines of one round, those that have been due for longest: commands of others wait for their scripts. */
const LINES_A_ROUND = 64;

/** Milliseconds after which a line is tried again where its step failed, or it had to be restored first. */
const RETRY_MS = 125;

/**
 * Milliseconds between two steps of a line in which nobody waits: `STEP_LEASE_MS` is longer, so this worker keeps it.
 * Its next step comes sooner once anything happens there, which costs two reads in each `QUIET_CHECK_MS`.
 */
const QUIET_STEP_MS = 1_000;
const QUIET_CHECK_MS = 250;

/** Milliseconds that an active step gets when the worker stops. */
const STOP_MS = 1_000;

type AdmissionDeps = { rooms: RoomStore; events: EventStore; seats: Pick<SeatStore, 'open'>; log: Logger };

/**
 * Admits visitors, room by room. A line is left to the worker that stepped it last, and another one steps it once that
 * worker has not for a while, or has released it because it stops: there is no leader whose death would stop the line.
 * PostgreSQL learns first which positions are called and which numbers may be given, so that neither goes back when
 * Redis is wiped. While PostgreSQL is unavailable, nobody is admitted.
 */
export function createAdmissions(deps: AdmissionDeps & { loops: Loops }) {
  const { rooms, loops, log } = deps;
  const steps = createSteps(deps);
  /** When this worker attends to each line next, by event. */
  const dueAtMs = new Map<number, number>();
  let lines: MirroredLine[] = [];
  let listedAtMs = Number.NEGATIVE_INFINITY;
  let releases = '';

  async function attend(line: MirroredLine): Promise<void> {
    let nextMs = RETRY_MS;
    try {
      nextMs = await steps.advance(line);
    } finally {
      dueAtMs.set(line.eventId, performance.now() + nextMs);
    }
  }

  async function listLines(): Promise<void> {
    lines = await rooms.active();
    listedAtMs = performance.now();
    const eventIds = new Set(lines.map(({ eventId }) => eventId));
    for (const known of [dueAtMs, ...steps.memories])
      for (const eventId of known.keys()) if (!eventIds.has(eventId)) known.delete(eventId);
  }

  const dueOf = ({ eventId }: MirroredLine): number => dueAtMs.get(eventId) ?? 0;
  const listDueMs = (): number => listedAtMs + (lines.every(steps.isQuiet) ? IDLE_MS : LIST_MS);

  async function advanceAll(): Promise<void> {
    if (performance.now() >= listDueMs()) await listLines();
    const nowMs = performance.now();
    const due = lines.filter((line) => dueOf(line) <= nowMs).sort((a, b) => dueOf(a) - dueOf(b));
    const results = await Promise.allSettled(due.slice(0, LINES_A_ROUND).map(attend));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  function roundMs(): number {
    const nextMs = Math.min(listDueMs(), ...lines.map(dueOf)) - performance.now();
    return Math.min(Math.max(nextMs, ROUND_MS), IDLE_MS);
  }

  /** Attends to all lines at once where a worker that stops has released some. */
  async function noteReleases(): Promise<void> {
    if (lines.length === 0) return;
    const before = releases;
    releases = await rooms.releases();
    if (releases !== before) dueAtMs.clear();
  }

  const stops = [
    loops.repeat('visitors admitted', roundMs, advanceAll, (fault) =>
      log.warn({ fault: fault.message }, 'admitting visitors failed'),
    ),
    loops.repeat(
      'released lines',
      () => (lines.length === 0 ? IDLE_MS : LIST_MS),
      noteReleases,
      (fault) => log.warn({ fault: fault.message }, 'reading released lines failed'),
      { isVital: false },
    ),
  ];

  async function stopAndRelease(): Promise<void> {
    await Promise.all(stops.map((stop) => stop()));
    await rooms.release(lines.map(({ eventId }) => eventId));
  }

  return {
    async close(): Promise<void> {
      const released = stopAndRelease().catch((fault: Error) =>
        log.warn({ fault: fault.message }, 'releasing lines failed: other workers wait for a while'),
      );
      await Promise.race([released, sleep(STOP_MS, undefined, { ref: false })]); // Redis may be unavailable
    },
  };
}

/** The steps of lines. `memories` is what this worker remembers of them, by event. */
function createSteps({ rooms, events, seats, log }: AdmissionDeps) {
  const mirroredChains = new Map<number, string>();
  /** Lines in which nobody waits: their activity before the last step, and when the next one is due. */
  const quietLines = new Map<number, { activity: string; untilMs: number }>();

  /** Ends the quiet of a line where its next step is due, or anything has happened. Returns whether it stays quiet. */
  async function staysQuiet(line: MirroredLine): Promise<boolean> {
    const quiet = quietLines.get(line.eventId);
    if (quiet === undefined) return false;
    const isOver = performance.now() >= quiet.untilMs || (await rooms.activity(line)) !== quiet.activity;
    if (isOver) quietLines.delete(line.eventId);
    return !isOver;
  }

  /** Writes a step to PostgreSQL, then to Redis. Returns false where the line has ended meanwhile. */
  async function serve(line: MirroredLine, step: Step): Promise<boolean> {
    const served = await rooms.mirror(line, step, numbersAfter(step));
    if (served === undefined) return false;
    mirroredChains.set(line.eventId, step.chain);
    await rooms.serve(line, served);
    return true;
  }

  /**
   * Opens a house that Redis has lost. Claims open it as well, but none comes where nobody is admitted. The line does
   * not wait for it.
   */
  function openHouse(eventId: number): void {
    seats
      .open(eventId)
      .catch((fault: Error) => log.warn({ eventId, fault: fault.message }, 'opening the house of a line failed'));
  }

  return {
    memories: [mirroredChains, quietLines],

    isQuiet: ({ eventId }: MirroredLine): boolean => quietLines.has(eventId),

    /** Steps a line if this worker may. Returns the milliseconds until this worker attends to it next. */
    async advance(line: MirroredLine): Promise<number> {
      const { eventId } = line;
      if (await staysQuiet(line)) return QUIET_CHECK_MS;
      const house = await events.layout(eventId);
      if (house === undefined) return RETRY_MS;
      // Read first: what happens after the measurement makes the next step due at once.
      const [activity, step] = await Promise.all([rooms.activity(line), rooms.advance(line, house.totalSeats)]);
      if (typeof step === 'number') return step;
      if (step === 'ahead') await rooms.dateBack(line);
      if (step === 'rebuild') await rooms.open(eventId);
      if (typeof step === 'string') return RETRY_MS;
      if (!step.isHouseOpen) openHouse(eventId);
      const steppedAtMs = performance.now();
      if (changesLine(step, mirroredChains.get(eventId)) && !(await serve(line, step))) return RETRY_MS;
      if (step.proposed !== step.joined) return step.nextMs - (performance.now() - steppedAtMs);
      quietLines.set(eventId, { activity, untilMs: steppedAtMs + QUIET_STEP_MS });
      return QUIET_CHECK_MS;
    },
  };
}

/** The arrival numbers that PostgreSQL allows after a step: more before half of those ahead are given. */
const numbersAfter = ({ joined, numbers }: Step): number =>
  joined + HEADROOM / 2 > numbers ? joined + HEADROOM : numbers;

/**
 * Whether a step has anything that PostgreSQL must know: positions, numbers, the chain of an open draw, or the draw.
 */
function changesLine(step: Step, mirroredChain: string | undefined): boolean {
  const isOpenForDraw = step.people === undefined;
  const hasNewChain = isOpenForDraw && mirroredChain !== step.chain;
  const isToDraw = !isOpenForDraw && !step.drawn;
  return step.proposed !== step.serving || numbersAfter(step) !== step.numbers || hasNewChain || isToDraw;
}
