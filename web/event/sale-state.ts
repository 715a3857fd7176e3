import type { EventView } from '../../shared/contract/events.ts';
import { CODE } from '../house/house.ts';

/**
 * Whether seats can be requested, or why not: `soldOut` has no seat that is available, `allHeld` neither, but some are
 * held and may come back.
 */
export type SaleState = 'open' | 'before' | 'paused' | 'soldOut' | 'allHeld' | 'ended' | 'cancelled';

/** The part of an event that decides whether it sells: its operator can change it while a page is open. */
export type SaleStatus = Pick<EventView, 'status' | 'onSaleAt' | 'salesPaused' | 'endsAt'>;

/**
 * The state of a sale at a time of the server's clock.
 *
 * @param counts seats by status code; undefined until they are known
 */
export function saleStateAt(nowMs: number, event: SaleStatus, counts: readonly number[] | undefined): SaleState {
  const { status, onSaleAt, salesPaused, endsAt } = event;
  if (status === 'CANCELLED') return 'cancelled';
  if (endsAt !== null && Date.parse(endsAt) <= nowMs) return 'ended';
  if (onSaleAt !== null && Date.parse(onSaleAt) > nowMs) return 'before';
  if (salesPaused) return 'paused';
  if (counts === undefined || (counts[CODE.AVAILABLE] ?? 0) > 0) return 'open';
  return (counts[CODE.HELD] ?? 0) > 0 ? 'allHeld' : 'soldOut';
}

/** Milliseconds until the clock alone changes the state of a sale; undefined where it does not. */
export function msUntilChange(nowMs: number, { onSaleAt, endsAt }: SaleStatus): number | undefined {
  const moments = [onSaleAt, endsAt].flatMap((moment) => (moment === null ? [] : [Date.parse(moment) - nowMs]));
  const coming = moments.filter((ms) => ms > 0);
  return coming.length === 0 ? undefined : Math.min(...coming);
}
