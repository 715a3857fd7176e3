import { useMemo } from 'preact/hooks';
import type { OwnSeats } from '../house/own-seats.ts';
import { runLabels } from '../house/prices.ts';
import type { PurchaseState } from '../purchase/purchase-state.ts';
import type { usePurchase } from './use-sale.ts';

type Sale = Pick<ReturnType<typeof usePurchase>, 'state' | 'bookings' | 'holds'>;

/** This buyer's seats: of earlier bookings, of the one that this page shows, and of holds that were made elsewhere. */
export function useOwnSeats({ state, bookings, holds }: Sale): OwnSeats {
  const current = 'booking' in state ? state.booking : undefined;
  const isHeld = state.step === 'held';
  return useMemo(() => {
    const own = new Map<string, 'held' | 'bought'>();
    for (const { seats } of bookings) for (const label of seats) own.set(label, 'bought');
    for (const { seats } of holds) for (const label of seats) own.set(label, 'held');
    for (const label of current?.seats ?? []) own.set(label, isHeld ? 'held' : 'bought');
    return own;
  }, [bookings, holds, current, isHeld]);
}

const NONE: string[] = [];

/** The seats that are offered instead of those of a refused request. */
export function offeredSeats(state: PurchaseState): string[] {
  if (state.step !== 'refused') return NONE;
  const { alternatives, split } = state.refusal;
  return [...alternatives, ...split].flatMap(({ zone, row, startIndex, seatsCount }) =>
    startIndex === undefined ? [] : runLabels(zone, row, startIndex, seatsCount),
  );
}
