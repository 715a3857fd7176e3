import { nextAdmissionStep } from '../domain/admission-rate.ts';
import type { Line, MirroredLine } from '../domain/line.ts';
import { nextSiteStep } from '../domain/site-rate.ts';
import type { ComingSale } from '../domain/workers-desired.ts';
import { redisClockMs } from '../platform/clock.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { RedisShards } from '../platform/redis.ts';
import type { EventStore } from './postgres/events.ts';
import { createRoomRecords, type Step } from './postgres/rooms.ts';
import { redisOfEvent } from './redis/connections.ts';
import type { ReplicatedWrites } from './redis/replicas.ts';
import { createRoomLines } from './redis/rooms.ts';
import type { Scripts } from './redis/scripts.ts';

/** Arrival numbers that PostgreSQL allows ahead of the last one: more than join between two steps. */
export const HEADROOM = 20_000;

/**
 * Waiting rooms. Lines move in Redis. PostgreSQL has their settings, and records before Redis the state that a wipe of
 * Redis must not undo: the called positions, the arrival numbers and the draw.
 */
export function createRoomStore(deps: {
  redis: RedisShards;
  scripts: Scripts;
  replicated: ReplicatedWrites;
  prisma: PrismaClient;
  events: Pick<EventStore, 'hasEnded'>;
  shards: number;
}) {
  const { prisma, events } = deps;
  const records = createRoomRecords(prisma);
  const lines = createRoomLines(deps);

  return {
    ...records,
    ...lines,

    /**
     * Makes Redis hold an event's room as PostgreSQL has it. A line that Redis did not have continues above all arrival
     * numbers that may be in use, and visitors may join at once. That of an ended event stays closed. Returns the
     * line's generation.
     */
    async open(eventId: number): Promise<number> {
      const record = await records.read(eventId);
      if (!(await events.hasEnded(eventId)) && (await lines.open(record))) {
        const served = await records.allowNumbers(record, record.numbers + HEADROOM);
        if (served !== undefined) await lines.serve(record, served);
      }
      return record.generation;
    },

    /** Reads the sales with a date for which people wait in line, from the rooms that are not off. */
    async comingSales(): Promise<ComingSale[]> {
      const eventIds = (await records.active()).map(({ eventId }) => eventId);
      const states = eventIds.length === 0 ? [] : [...(await lines.read(eventIds)).values()];
      return states.map(({ onSaleMs, joined }) => ({ startsMs: onSaleMs, people: joined }));
    },

    /**
     * Takes one step of admissions in Redis. It calls nobody yet: PostgreSQL has to record the proposed position first.
     *
     * @param seats of the event's house; 0 of an event without seats, whose site serves the visitors
     * @returns milliseconds until this worker may step the line, where it may not or another worker has stepped it;
     *   `'rebuild'` if Redis does not have the line as
     *   PostgreSQL has it; `'ahead'` if PostgreSQL's last step lies ahead of Redis' clock: `dateBack` corrects it
     */
    async advance(line: MirroredLine, seats: number): Promise<Step | number | 'rebuild' | 'ahead'> {
      const measured = await lines.measure(line, seats);
      if (typeof measured === 'number') return measured;
      if (measured === 'REBUILD') return 'rebuild';
      if (measured === 'AHEAD') return 'ahead';
      const { measurement, nextMs, windowMs, numbers, people, chain } = measured;
      const step = seats === 0 ? nextSiteStep(measurement) : nextAdmissionStep(measurement);
      if (!(await lines.step(line, measured, step))) return 0;
      const { joined, calledPosition: serving, isDrawn: drawn } = measurement.line;
      const proposed = serving + step.more;
      const moved = { nowMs: measurement.nowMs, serving, proposed, joined, numbers, people, drawn, chain };
      return { ...moved, isHouseOpen: measurement.sale.onSaleMs !== undefined, nextMs, windowMs };
    },

    /**
     * Dates a line's steps in PostgreSQL back to now where they lie ahead of Redis' clock: another Redis has taken
     * over, with a slower clock. Otherwise the line would stop until that clock caught up.
     */
    async dateBack(line: Line): Promise<void> {
      await records.dateBack(line, await redisClockMs(redisOfEvent(deps, line.eventId)));
    },
  };
}

export type RoomStore = ReturnType<typeof createRoomStore>;
