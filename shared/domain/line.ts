import type { RoomSettings } from '../contract/waiting-room.ts';

/**
 * A line of an event's waiting room. A clear ends it; the next line of the event has the next generation. In a line, an
 * arrival number counts the visitors who joined, a position is a visitor's number in the drawn order, and a position is
 * called when its turn begins.
 */
export type Line = { eventId: number; generation: number };

/** A line, and Redis' time of the last step in PostgreSQL. */
export type MirroredLine = Line & { steppedMs: number };

/** The state of a line in PostgreSQL, which Redis must follow. */
export type ServedLine = { serving: number; numbers: number; people: number | null; chain: string };

/**
 * A room with all that Redis holds of it. `turns`: [milliseconds, serving] since when each position is called; `terms`:
 * [last position, turn ms, admission ms] of earlier lengths.
 */
export type RoomRecord = MirroredLine & {
  settings: RoomSettings;
  version: number;
  numbers: number;
  serving: number;
  people: number | undefined;
  chain: string;
  turns: [number, number][];
  terms: [number, number, number][];
};

/**
 * Milliseconds for which a line is left to the worker that stepped it last, once its next step is due. Then another
 * worker may step it: this one has ended, or does not run.
 */
export const STEP_LEASE_MS = 1_500;

/** Positions or arrival numbers whose bits lie in one chunk, which is one key of Redis. */
export const LINE_CHUNK = 65_536;

/**
 * Milliseconds by which a noted time may lie ahead of Redis' clock. A larger difference shows that another clock noted
 * the time: this Redis has taken over from one with a faster clock.
 */
export const MAX_NOTED_AHEAD_MS = 1_000;

/** Changes of the lengths of turns and admissions that are kept apart; of more, the two oldest become one. */
export const MAX_TERMS = 16;
