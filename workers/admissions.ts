import { setTimeout as sleep } from 'node:timers/promises';
import type { MirroredLine } from '../shared/domain/line.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { Loops } from '../shared/platform/loops.ts';
import type { EventStore } from '../shared/stores/postgres/events.ts';
import type { Step } from '../shared/stores/postgres/rooms.ts';
import { HEADROOM, type RoomStore } from '../shared/stores/rooms.ts';

/** Milliseconds between two rounds of this worker, and between two reads of the list of rooms. */
const STEP_MS = 125;
const LIST_MS = 250;

/**
 * Milliseconds between two rounds while all rooms are off, and between two reads of the list while nobody waits: the
 * longest time until a room that is switched on is seen.
 */
const IDLE_MS = 1_000;

/**
 * Milliseconds between two rounds while nobody waits in any line, and between two steps of such a line. Its next step
 * comes sooner once anything happens there, which costs each round two reads.
 */
const QUIET_ROUND_MS = 250;
const QUIET_STEP_MS = 2_000;

/** Milliseconds that an active step gets when the worker stops. */
const STOP_MS = 1_000;

/**
 * Admits visitors, room by room. Every worker does, and of those that measured a line together one steps: there is no
 * leader whose death would stop the line. PostgreSQL learns first which positions are called and which numbers may be
 * given, so that neither goes back when Redis is wiped. While PostgreSQL is unavailable, nobody is admitted.
 */
export function createAdmissions(deps: { rooms: RoomStore; events: EventStore; loops: Loops; log: Logger }) {
  const { rooms, events, loops, log } = deps;
  const mirroredChains = new Map<number, string>();
  /** Lines in which nobody waits, by event: their activity before the last step, and when the next one is due. */
  const quietLines = new Map<number, { activity: string; untilMs: number }>();
  let lines: MirroredLine[] = [];
  let listedAt = Number.NEGATIVE_INFINITY;

  /** Ends the quiet of a line where its next step is due, or anything has happened. */
  async function endQuiet(line: MirroredLine): Promise<void> {
    const quiet = quietLines.get(line.eventId);
    if (quiet === undefined) return;
    const isOver = performance.now() >= quiet.untilMs || (await rooms.activity(line)) !== quiet.activity;
    if (isOver) quietLines.delete(line.eventId);
  }

  async function advance(line: MirroredLine): Promise<void> {
    const { eventId } = line;
    const house = await events.layout(eventId);
    // Read first: what happens after the measurement makes the next step due at once.
    const [activity, step] = await Promise.all([rooms.activity(line), rooms.advance(line, house?.totalSeats ?? 0)]);
    if (step === 'early') return;
    if (step === 'ahead') return rooms.dateBack(line);
    if (step === 'rebuild') return void (await rooms.open(eventId));
    if (changesLine(step, mirroredChains.get(eventId))) {
      const served = await rooms.mirror(line, step, numbersAfter(step));
      if (served === undefined) return; // the line has ended meanwhile
      mirroredChains.set(eventId, step.chain);
      await rooms.serve(line, served);
    }
    if (step.proposed === step.joined)
      quietLines.set(eventId, { activity, untilMs: performance.now() + QUIET_STEP_MS });
  }

  async function listLines(): Promise<void> {
    lines = await rooms.active();
    listedAt = performance.now();
    const eventIds = new Set(lines.map(({ eventId }) => eventId));
    for (const known of [mirroredChains, quietLines])
      for (const eventId of known.keys()) if (!eventIds.has(eventId)) known.delete(eventId);
  }

  async function advanceAll(): Promise<void> {
    await Promise.all(lines.map(endQuiet));
    const isAllQuiet = lines.length > 0 && quietLines.size === lines.length;
    if (performance.now() - listedAt > (isAllQuiet ? IDLE_MS : LIST_MS)) await listLines();
    const busy = lines.filter(({ eventId }) => !quietLines.has(eventId));
    const results = await Promise.allSettled(busy.map(advance));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  function roundMs(): number {
    if (lines.length === 0) return IDLE_MS;
    return quietLines.size === lines.length ? QUIET_ROUND_MS : STEP_MS;
  }

  const stop = loops.repeat('visitors admitted', roundMs, advanceAll, (fault) =>
    log.warn({ fault: fault.message }, 'admitting visitors failed'),
  );

  return {
    async close(): Promise<void> {
      await Promise.race([stop(), sleep(STOP_MS, undefined, { ref: false })]); // Redis may be unavailable
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
