import { useEffect, useMemo, useState } from 'preact/hooks';
import type { SeatsConnection } from '../../client/src/index.ts';
import type { EventView } from '../../shared/contract/events.ts';
import type { Booking } from '../../shared/contract/tickets.ts';
import { frontrow, get } from '../frontrow.ts';
import { createHouse, type House } from '../house/house.ts';
import { watchHouse } from '../house/live.ts';
import { createPurchase, type Purchase } from '../purchase/purchase.ts';
import type { PurchaseState } from '../purchase/purchase-state.ts';
import type { StoredBooking } from '../stored-values.ts';
import { msUntilChange, type SaleStatus, saleStateAt } from './sale-state.ts';

/** Milliseconds between two reads of an event whose sales are paused. */
const PAUSED_MS = 60_000;

/** Milliseconds from which on a start of sales is far: the event is read again before, for the start may be moved. */
const FAR_MS = 3_600_000;

/** Refusals by which a page learns that the sale is not as it shows. */
const CLOSED_CODES: ReadonlySet<string> = new Set(['NOT_ON_SALE', 'SALES_PAUSED', 'EVENT_ENDED']);

/** The house of an event, and whether its first map is loaded. */
export function useHouse(event: EventView): { house: House; isLoaded: boolean } {
  const house = useMemo(() => createHouse(event), [event]);
  const [loaded, setLoaded] = useState<House>();
  useEffect(() => house.listen(() => setLoaded(house)), [house]);
  return { house, isLoaded: loaded === house };
}

/**
 * The purchase of this browser, and the connection that keeps the house up to date.
 *
 * @param onState is called with each state before it is drawn; the one of the first render is used
 * @param houseChanged is called when the event has to be read again
 */
export function usePurchase(
  event: EventView,
  house: House,
  onState: (state: PurchaseState, isNewHold: boolean) => void,
  houseChanged: () => void,
) {
  const [state, setState] = useState<PurchaseState>({ step: 'choosing' });
  const [connection, setConnection] = useState<SeatsConnection>('connecting');
  const [bookings, setBookings] = useState<StoredBooking[]>([]);
  const [holds, setHolds] = useState<Booking[]>([]);
  const [purchase, setPurchase] = useState<Purchase>();
  useEffect(() => {
    let wasHeld = false;
    const created = createPurchase(event, {
      state(next) {
        setState(next);
        const isHeld = next.step === 'held';
        onState(next, isHeld && !wasHeld);
        wasHeld = isHeld;
      },
      bookings(sold, otherHolds) {
        setBookings(sold);
        setHolds(otherHolds);
      },
    });
    const unwatch = watchHouse(event, house, { connection: setConnection, houseChanged });
    created.resume();
    setPurchase(created);
    return () => {
      created.stop();
      unwatch();
    };
  }, [event, house]);
  return { state, connection, bookings, holds, purchase };
}

/**
 * Whether sales have started, are paused, or are over. The event is read again while they are paused or far away, and
 * where a refusal shows that something has changed.
 *
 * @param refusedCode the code of the last refusal, if it is shown
 */
export function useSaleStatus(event: EventView, refusedCode: string | undefined): SaleStatus {
  const [status, setStatus] = useState<SaleStatus>(event);
  const read = () =>
    get<EventView>(`/api/events/${event.id}`).then(
      setStatus,
      () => setStatus((last) => ({ ...last })), // starts the next pause
    );
  useEffect(() => setStatus(event), [event]);
  useEffect(() => {
    if (refusedCode !== undefined && CLOSED_CODES.has(refusedCode)) void read();
  }, [refusedCode]);
  useEffect(() => {
    const nowMs = frontrow.now();
    const state = saleStateAt(nowMs, status, undefined);
    const changeMs = msUntilChange(nowMs, status) ?? Number.POSITIVE_INFINITY;
    // A start that is near is not read again: all visitors would read at once.
    const isFar = state === 'before' && changeMs > FAR_MS;
    const pauseMs = state === 'paused' ? PAUSED_MS : isFar ? FAR_MS / 2 : Number.POSITIVE_INFINITY;
    const readMs = pauseMs * (0.5 + Math.random());
    const waitMs = Math.min(changeMs, readMs);
    if (waitMs === Number.POSITIVE_INFINITY) return;
    const isRead = readMs <= changeMs;
    const timer = setTimeout(() => (isRead ? void read() : setStatus({ ...status })), Math.min(waitMs, FAR_MS));
    return () => clearTimeout(timer);
  }, [event, status]);
  return status;
}
