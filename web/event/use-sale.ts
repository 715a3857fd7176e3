import { useEffect, useMemo, useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import type { Booking } from '../../shared/contract/tickets.ts';
import { createHouse, type House } from '../house/house.ts';
import { type Connection, createLive } from '../house/live.ts';
import { createPurchase, type Purchase } from '../purchase/purchase.ts';
import type { PurchaseState } from '../purchase/purchase-state.ts';
import { get } from '../requests.ts';
import { serverNow } from '../server-clock.ts';
import type { StoredBooking } from '../stored-values.ts';

/** Milliseconds between two reads of an event whose sales are paused. */
const PAUSED_MS = 60_000;

/** Milliseconds from which on a start of sales is far: the event is read again before, for the start may be moved. */
const FAR_MS = 3_600_000;

/** Milliseconds between two updates of the counts. */
const COUNTS_MS = 200;

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
  const [connection, setConnection] = useState<Connection>('connecting');
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
    const live = createLive(event, house, { connection: setConnection, ticket: created.takeTicket, houseChanged });
    created.resume(live);
    setPurchase(created);
    return () => {
      created.stop();
      live.stop();
    };
  }, [event, house]);
  return { state, connection, bookings, holds, purchase };
}

type SaleStatus = Pick<EventView, 'onSaleAt' | 'salesPaused'>;

/** Whether sales have started and are not paused. Reads the event again while they are not. */
export function useSaleStatus(event: EventView): SaleStatus {
  const [status, setStatus] = useState<SaleStatus>(event);
  const { onSaleAt, salesPaused } = status;
  useEffect(() => {
    const untilSaleMs = onSaleAt === null ? 0 : Date.parse(onSaleAt) - serverNow();
    if (untilSaleMs <= 0 && !salesPaused) return;
    const isSoon = untilSaleMs > 0 && untilSaleMs < FAR_MS;
    const pauseMs = (untilSaleMs > 0 ? FAR_MS / 2 : PAUSED_MS) * (0.5 + Math.random());
    const update = () => {
      if (isSoon) return setStatus({ onSaleAt: null, salesPaused }); // a read would come from all visitors at once
      get<EventView>(`/api/events/${event.id}`).then(
        (view) => setStatus(view),
        () => setStatus({ ...status }), // starts the next pause
      );
    };
    const timer = setTimeout(update, isSoon ? untilSaleMs : pauseMs);
    return () => clearTimeout(timer);
  }, [event, status]);
  return status;
}

/** Seats of the house by status code, updated a few times a second. */
export function useCounts(house: House): number[] {
  const [counts, setCounts] = useState(() => house.counts());
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unlisten = house.listen(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setCounts(house.counts());
      }, COUNTS_MS);
    });
    return () => {
      clearTimeout(timer);
      unlisten();
    };
  }, [house]);
  return counts;
}
