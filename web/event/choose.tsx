import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import type { SeatWish } from '../../shared/contract/reserve.ts';
import { serverNow } from '../answers.ts';
import { momentInWords } from '../times.ts';
import { CODE, type House, mostAtOnce, seatOf, type ZoneSeats } from './house.ts';
import { countInWords, freeInWords, heldInWords, priceInWords, seatsInWords, totalInWords } from './words.ts';

type Props = {
  event: EventView;
  house: House;
  picked: string[];
  setPicked: (labels: string[]) => void;
  zone: number | undefined;
  lookAt: (zone: number | undefined) => void;
  count: number;
  setCount: (count: number) => void;
  ask: (wish: SeatWish) => void;
};

/** What to ask for: the best seats together, or those that were picked. */
export function Choose({ event, house, picked, setPicked, zone, lookAt, count, setCount, ask }: Props) {
  const wasCleared = useRef(false);
  useLayoutEffect(() => {
    if (wasCleared.current) document.getElementById('best')?.focus(); // the button that was pressed is gone
    wasCleared.current = false;
  }, [picked]);
  const clear = () => {
    wasCleared.current = true;
    setPicked([]);
  };
  return picked.length > 0 ? (
    <Picked event={event} picked={picked} clear={clear} ask={ask} />
  ) : (
    <Best event={event} house={house} zone={zone} lookAt={lookAt} count={count} setCount={setCount} ask={ask} />
  );
}

function Best({ event, house, zone, lookAt, count: wanted, setCount, ask }: Omit<Props, 'picked' | 'setPicked'>) {
  const most = Math.min(mostAtOnce(event), Math.max(...house.zones.map(({ seatsPerRow }) => seatsPerRow)));
  const count = Math.min(wanted, most);
  const closed = closedInWords(event, house, zone);
  return (
    <section class="card" aria-labelledby="best">
      <h2 id="best" tabIndex={-1}>
        Best seats together
      </h2>
      {closed !== undefined && <p class="notice">{closed}</p>}
      <fieldset class="counts">
        <legend class="label">How many</legend>
        {Array.from({ length: most }, (_, i) => i + 1).map((some) => (
          <label key={some}>
            <input type="radio" name="count" checked={some === count} onChange={() => setCount(some)} />
            <span>{some}</span>
          </label>
        ))}
      </fieldset>
      <label>
        <span class="label">Where</span>
        <select value={zone ?? ''} onChange={(e) => lookAt(Number(e.currentTarget.value) || undefined)}>
          <option value="">Anywhere in the house</option>
          {house.zones.map((one) => (
            <ZoneOption key={one.zone} zone={one} currency={event.currency} />
          ))}
        </select>
      </label>
      <button type="button" class="action" onClick={() => ask(zone === undefined ? { count } : { zone, count })}>
        Hold the best {count === 1 ? 'seat' : count}
      </button>
      <p class="hint">Or pick seats yourself, on the plan or in the list.</p>
    </section>
  );
}

/** Made anew only where its words change: there may be 2,000, and counts change a few times a second. */
function ZoneOption({ zone: { zone, price, counts }, currency }: { zone: ZoneSeats; currency: string }) {
  const free = freeInWords(counts);
  return useMemo(
    () => (
      <option value={zone}>
        Zone {zone} · {priceInWords(price, currency)} · {free}
      </option>
    ),
    [zone, price, currency, free],
  );
}

/** Why nothing is to be had at the moment, as far as this page knows: the server knows better, so it may still be asked. */
function closedInWords({ onSaleAt, timeZone, salesPaused }: EventView, house: House, zone: number | undefined) {
  if (onSaleAt !== null && Date.parse(onSaleAt) > serverNow())
    return `Sales open ${momentInWords(onSaleAt, timeZone)}.`;
  if (salesPaused) return 'Sales are paused.';
  const zones = house.zones.filter((one) => zone === undefined || one.zone === zone);
  const seats = (code: number) => zones.reduce((sum, { counts }) => sum + (counts[code] ?? 0), 0);
  if (seats(CODE.AVAILABLE) > 0) return undefined;
  if (seats(CODE.HELD) > 0) return heldInWords(seats(CODE.HELD));
  return seats(CODE.SOLD) > 0 ? 'Sold out.' : 'Not for sale.';
}

function Picked({ event, picked, clear, ask }: Pick<Props, 'event' | 'picked' | 'ask'> & { clear: () => void }) {
  const total = totalInWords(
    event,
    picked.map((label) => seatOf(label).zone),
  );
  const most = mostAtOnce(event);
  return (
    <section class="card" aria-labelledby="picked">
      <h2 id="picked" tabIndex={-1}>
        Your choice
      </h2>
      <p>{seatsInWords(picked)}</p>
      <p class="total">{total}</p>
      {picked.length >= most && (
        <p class="hint">
          {most === 1 ? '1 seat is' : `${most} seats are`} the most at once: one more lets the first go.
        </p>
      )}
      <div class="actions">
        <button type="button" class="action" onClick={() => ask({ seats: picked })}>
          Hold {countInWords(picked.length)}
        </button>
        <button type="button" class="quiet" onClick={clear}>
          Clear
        </button>
      </div>
    </section>
  );
}
