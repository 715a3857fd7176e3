import type { RoomState } from '../../shared/stores/redis/room-hash.ts';

/**
 * Redis' clock, in milliseconds since 1970: turns, admissions and the sale begin and end by it, and never by this
 * process' clock.
 */
export const nowOf = (state: Pick<RoomState, 'aheadMs'> | undefined): number => Date.now() + (state?.aheadMs ?? 0);

/** Whether an event's sale has yet to begin. */
export const isBeforeSale = (state: RoomState): boolean => state.onSaleMs > nowOf(state);
