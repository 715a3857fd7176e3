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

/** Milliseconds between two rounds while all rooms are off: the longest time until one that is switched on is seen. */
const IDLE_MS = 1_000;

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
  let lines: MirroredLine[] = [];
  let listedAt = Number.NEGATIVE_INFINITY;

  async function advance(line: MirroredLine): Promise<void> {
    const house = await events.layout(line.eventId);
    const step = await rooms.advance(line, house?.totalSeats ?? 0);
    if (step === 'early') return;
    if (step === 'ahead') return rooms.dateBack(line);
    if (step === 'rebuild') return void (await rooms.open(line.eventId));
    if (!changesLine(step, mirroredChains.get(line.eventId))) return;
    const served = await rooms.mirror(line, step, numbersAfter(step));
    if (served === undefined) return; // the line has ended meanwhile
    mirroredChains.set(line.eventId, step.chain);
    await rooms.serve(line, served);
  }

  async function listLines(): Promise<void> {
    lines = await rooms.active();
    listedAt = performance.now();
    const eventIds = new Set(lines.map(({ eventId }) => eventId));
    for (const eventId of mirroredChains.keys()) if (!eventIds.has(eventId)) mirroredChains.delete(eventId);
  }

  async function advanceAll(): Promise<void> {
    if (lines.length === 0 || performance.now() - listedAt > LIST_MS) await listLines();
    const results = await Promise.allSettled(lines.map(advance));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  const stop = loops.repeat(
    'visitors admitted',
    () => (lines.length === 0 ? IDLE_MS : STEP_MS),
    advanceAll,
    (fault) => log.warn({ fault: fault.message }, 'admitting visitors failed'),
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
