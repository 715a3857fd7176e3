import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import type { OneWish } from '../../shared/contract/reserve.ts';
import { serverNow } from '../server-clock.ts';
import { storedWish } from '../stored-values.ts';
import { momentText } from '../times.ts';
import { CODE, type House, maxSeatsOf, seatOf, type ZoneSeats } from './house.ts';
import type { PurchaseState } from './purchase-state.ts';
import { countText, freeText, heldText, priceText, seatsText, totalText } from './text.ts';

type Props = {
  event: EventView;
  house: House;
  choice: Choice;
  showZone: (zone: number | undefined) => void;
  request: (wish: OneWish) => void;
};

export type Choice = ReturnType<typeof useChoice>;

/**
 * The seats that the buyer has picked, or the number of seats and the zone; at first those from before the waiting
 * room.
 */
export function useChoice(event: EventView, house: House) {
  const [wish] = useState(() => takeStoredWish(event.id));
  const [picked, setPicked] = useState(wish !== undefined && 'seats' in wish ? wish.seats : []);
  const [lost, setLost] = useState<string[]>([]);
  const [zone, setZone] = useState(wish !== undefined && 'count' in wish ? wish.zone : undefined);
  const [count, setCount] = useState(wish !== undefined && 'count' in wish ? wish.count : 2);
  const isFree = (label: string) => house.statusOf(label) === CODE.AVAILABLE;
  return {
    picked,
    /** Picked seats that another buyer took. */
    lost,
    zone,
    setZone,
    count,
    setCount,
    clear: () => setPicked([]),
    /** Picks a free seat, or removes a picked one. Beyond the limit the seat that was picked first is removed. */
    toggle(label: string): void {
      setLost([]);
      setPicked((labels) => {
        if (labels.includes(label)) return labels.filter((other) => other !== label);
        return isFree(label) ? [...labels, label].slice(-maxSeatsOf(event)) : labels;
      });
    },
    /** Removes picked seats that are no longer free, and reports them as lost. */
    dropUnavailable(): void {
      const unavailable = picked.filter((label) => !isFree(label));
      if (unavailable.length === 0) return;
      setPicked(picked.filter(isFree));
      setLost(unavailable);
    },
    clearAfter({ step }: PurchaseState): void {
      if (step !== 'choosing') setLost([]);
      if (step === 'held' || step === 'refused') setPicked([]);
    },
  };
}

/** Reads and removes the seats that were requested before the waiting room interrupted. */
function takeStoredWish(eventId: number): OneWish | undefined {
  const stored = storedWish(eventId);
  const wish = stored.read();
  stored.remove();
  return wish;
}

/** The request to send: the best seats together, or those that were picked. */
export function SeatChoice(props: Props) {
  const { event, choice, request } = props;
  const { picked } = choice;
  const wasCleared = useRef(false);
  useLayoutEffect(() => {
    if (wasCleared.current) document.getElementById('best')?.focus(); // the pressed button was removed
    wasCleared.current = false;
  }, [picked]);
  const clear = () => {
    wasCleared.current = true;
    choice.clear();
  };
  return picked.length > 0 ? (
    <Picked event={event} picked={picked} clear={clear} request={request} />
  ) : (
    <Best {...props} />
  );
}

function Best({ event, house, choice, showZone, request }: Props) {
  const { zone, setCount } = choice;
  const maxCount = Math.min(maxSeatsOf(event), Math.max(...house.zones.map(({ seatsPerRow }) => seatsPerRow)));
  const count = Math.min(choice.count, maxCount);
  const closed = closedText(event, house, zone);
  return (
    <section class="card" aria-labelledby="best">
      <h2 id="best" tabIndex={-1}>
        Best seats together
      </h2>
      {closed !== undefined && <p class="notice">{closed}</p>}
      <fieldset class="counts">
        <legend class="label">How many</legend>
        {Array.from({ length: maxCount }, (_, i) => i + 1).map((option) => (
          <label key={option}>
            <input type="radio" name="count" checked={option === count} onChange={() => setCount(option)} />
            <span>{option}</span>
          </label>
        ))}
      </fieldset>
      <label>
        <span class="label">Where</span>
        <select value={zone ?? ''} onChange={(e) => showZone(Number(e.currentTarget.value) || undefined)}>
          <option value="">Anywhere in the house</option>
          {house.zones.map((seats) => (
            <ZoneOption key={seats.zone} zone={seats} currency={event.currency} />
          ))}
        </select>
      </label>
      <button type="button" class="action" onClick={() => request(zone === undefined ? { count } : { zone, count })}>
        Hold the best {count === 1 ? 'seat' : count}
      </button>
      <p class="hint">Or pick seats yourself, on the plan or in the list.</p>
    </section>
  );
}

/** Memoized by its text: there may be 2,000 zones, and counts change a few times a second. */
function ZoneOption({ zone: { zone, price, counts }, currency }: { zone: ZoneSeats; currency: string }) {
  const free = freeText(counts);
  return useMemo(
    () => (
      <option value={zone}>
        Zone {zone} · {priceText(price, currency)} · {free}
      </option>
    ),
    [zone, price, currency, free],
  );
}

/** Why no seat is available now, as far as this page knows. The server decides, so a request may still be sent. */
function closedText(
  { status, endsAt, onSaleAt, timeZone, salesPaused }: EventView,
  house: House,
  zone: number | undefined,
) {
  if (status === 'CANCELLED') return 'The event was cancelled.';
  if (endsAt !== null && Date.parse(endsAt) <= serverNow()) return 'The event has ended.';
  if (onSaleAt !== null && Date.parse(onSaleAt) > serverNow()) return `Sales open ${momentText(onSaleAt, timeZone)}.`;
  if (salesPaused) return 'Sales are paused.';
  const zones = house.zones.filter((seats) => zone === undefined || seats.zone === zone);
  const seats = (code: number) => zones.reduce((sum, { counts }) => sum + (counts[code] ?? 0), 0);
  if (seats(CODE.AVAILABLE) > 0) return undefined;
  if (seats(CODE.HELD) > 0) return heldText(seats(CODE.HELD));
  return seats(CODE.SOLD) > 0 ? 'Sold out.' : 'Not for sale.';
}

type PickedProps = Pick<Props, 'event' | 'request'> & { picked: string[]; clear: () => void };

function Picked({ event, picked, clear, request }: PickedProps) {
  const total = totalText(
    event,
    picked.map((label) => seatOf(label).zone),
  );
  const maxSeats = maxSeatsOf(event);
  return (
    <section class="card" aria-labelledby="picked">
      <h2 id="picked" tabIndex={-1}>
        Your choice
      </h2>
      <p>{seatsText(picked)}</p>
      <p class="total">{total}</p>
      {picked.length >= maxSeats && (
        <p class="hint">You can choose at most {countText(maxSeats)}: another choice removes the first.</p>
      )}
      <div class="actions">
        <button type="button" class="action" onClick={() => request({ seats: picked })}>
          Hold {countText(picked.length)}
        </button>
        <button type="button" class="quiet" onClick={clear}>
          Clear
        </button>
      </div>
    </section>
  );
}
