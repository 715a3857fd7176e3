import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../shared/platform/logger.ts';
import type { Loops } from '../shared/platform/loops.ts';
import type { EventStore } from '../shared/stores/postgres/events.ts';
import { HEADROOM, type MirroredLine, type RoomStore } from '../shared/stores/redis/rooms.ts';

/** Milliseconds between two looks of this worker, and between two looks for rooms that were switched on. */
const STEP_MS = 125;
const LIST_MS = 250;

/** Milliseconds that a step under way is given when the worker stops. */
const STOP_MS = 1_000;

/**
 * Lets people in, room by room. Every worker does, the script lets one step be due at a time: there is nobody to elect, and nobody
 * whose death stops the line. PostgreSQL learns first how far turns come and how far numbers may be given, so that neither
 * goes back when Redis is wiped; while PostgreSQL is unavailable nobody is admitted.
 */
export function createAdmit(deps: { rooms: RoomStore; events: EventStore; loops: Loops; log: Logger }) {
  const { rooms, events, loops, log } = deps;
  const chains = new Map<number, string>();
  let lines: MirroredLine[] = [];
  let listedAt = Number.NEGATIVE_INFINITY;

  async function step(line: MirroredLine): Promise<void> {
    const house = await events.layout(line.eventId);
    const next = await rooms.advance(line, house?.totalSeats ?? 0);
    if (next === 'early') return;
    if (next === 'ahead') {
      await rooms.dateBack(line);
      return;
    }
    if (next === 'rebuild') {
      await rooms.open(line.eventId);
      return;
    }
    const isOpen = next.people === undefined;
    const numbers = next.joined + HEADROOM / 2 > next.numbers ? next.joined + HEADROOM : next.numbers;
    const chainIsNew = isOpen && chains.get(line.eventId) !== next.chain;
    const toDraw = !isOpen && !next.drawn;
    if (next.proposed === next.serving && numbers === next.numbers && !chainIsNew && !toDraw) return;
    const known = await rooms.mirror(line, next, numbers);
    if (known === undefined) return; // it was cleared meanwhile
    chains.set(line.eventId, next.chain);
    await rooms.serve(line, known);
  }

  async function look(): Promise<void> {
    if (performance.now() - listedAt > LIST_MS) {
      lines = await rooms.active();
      listedAt = performance.now();
      const there = new Set(lines.map(({ eventId }) => eventId));
      for (const eventId of chains.keys()) if (!there.has(eventId)) chains.delete(eventId);
    }
    const faults = (await Promise.allSettled(lines.map(step))).flatMap((done) =>
      done.status === 'rejected' ? [done.reason as Error] : [],
    );
    if (faults[0] !== undefined) throw faults[0];
  }

  const stop = loops.repeat('visitors admitted', STEP_MS, look, (fault) =>
    log.warn({ fault: fault.message }, 'admitting visitors failed'),
  );

  return {
    async close(): Promise<void> {
      await Promise.race([stop(), sleep(STOP_MS, undefined, { ref: false })]); // Redis may be unavailable
    },
  };
}
