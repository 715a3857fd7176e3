import type { EventSummary } from '../contract/events.ts';
import { eventStatusAt } from './event-status.ts';
import type { House } from './house.ts';

/** The fields of an event in a list. */
export type ListedEvent = Pick<House, 'eventId' | 'settings' | 'cancelledAt' | 'currency' | 'createdAt' | 'totalSeats'>;

/** An event as lists and the feed show it, at a time in milliseconds since 1970. */
export function eventSummaryAt(
  nowMs: number,
  { eventId: id, settings, cancelledAt, currency, createdAt, totalSeats }: ListedEvent,
): EventSummary {
  const { rings: _, ...listed } = settings; // only the view of one event has its rings
  const status = eventStatusAt(nowMs, settings, cancelledAt);
  const cancelled = cancelledAt === null ? {} : { cancelledAt: cancelledAt.toISOString() };
  return { id, ...listed, status, ...cancelled, currency, createdAt: createdAt.toISOString(), totalSeats };
}
