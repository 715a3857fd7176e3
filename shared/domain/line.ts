/**
 * A line of an event's waiting room. A clear ends it; the next line of the event has the next generation. In a line, an
 * arrival number counts the visitors who joined, a position is a visitor's number in the drawn order, and a position is
 * called when its turn begins.
 */
export type Line = { eventId: number; generation: number };

/** Positions or arrival numbers whose bits lie in one chunk, which is one key of Redis. */
export const LINE_CHUNK = 65_536;

/**
 * Milliseconds by which a noted time may lie ahead of Redis' clock. A larger difference shows that another clock noted
 * the time: this Redis has taken over from one with a faster clock.
 */
export const MAX_NOTED_AHEAD_MS = 1_000;

/** Changes of the lengths of turns and admissions that are kept apart; of more, the two oldest become one. */
export const MAX_TERMS = 16;
