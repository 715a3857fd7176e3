import type { EventStatus } from '../contract/events.ts';

/** The fields of an event that its status follows from. */
type Dated = { onSaleAt: string | null; endsAt: string | null; salesPaused: boolean };

/**
 * The status of an event at a time, in milliseconds since 1970. Only the cancellation is stored as such: all else
 * follows from times and settings, so it is never late.
 */
export function eventStatusAt(
  nowMs: number,
  { onSaleAt, endsAt, salesPaused }: Dated,
  cancelledAt: Date | null,
): EventStatus {
  if (cancelledAt !== null) return 'CANCELLED';
  if (endsAt !== null && Date.parse(endsAt) <= nowMs) return 'ENDED';
  if (onSaleAt !== null && Date.parse(onSaleAt) > nowMs) return 'UPCOMING';
  return salesPaused ? 'PAUSED' : 'ON_SALE';
}
