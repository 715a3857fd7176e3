/**
 * A line of an event's waiting room. A clear ends it; the next line of the event has the next generation. In a line, an
 * arrival number counts the visitors who joined, a position is a visitor's number in the drawn order, and a position is
 * called when its turn begins.
 */
export type Line = { eventId: number; generation: number };
