import type { EventStatus } from '../../../../shared/contract/events.ts';

/** Words for the statuses of events. */
export const EVENT_STATUS_WORDS: Record<EventStatus, string> = {
  UPCOMING: 'not on sale yet',
  ON_SALE: 'on sale',
  PAUSED: 'paused',
  ENDED: 'ended',
  CANCELLED: 'cancelled',
};
