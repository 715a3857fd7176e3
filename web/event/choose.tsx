import { useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import { MAX_SEATS_PER_REQUEST } from '../../shared/contract/limits.ts';
import type { SeatWish } from '../../shared/contract/reserve.ts';
import { CODE, type House, seatOf } from './house.ts';
import { countInWords, freeInWords, momentInWords, priceInWords, seatsInWords, totalInWords } from './words.ts';

const COUNTS = Array.from({ length: MAX_SEATS_PER_REQUEST }, (_, i) => i + 1);

type Props = {
  event: EventView;
  house: House;
  picked: string[];
  setPicked: (labels: string[]) => void;
  zone: number | undefined;
  lookAt: (zone: number | undefined) => void;
  ask: (wish: SeatWish) => void;
};

/** What to ask for: the best seats together, or those that were picked. */
export function Choose({ event, house, picked, setPicked, zone, lookAt, ask }: Props) {
  return picked.length > 0 ? (
    <Picked event={event} picked={picked} clear={() => setPicked([])} ask={ask} />
  ) : (
    <Best event={event} house={house} zone={zone} lookAt={lookAt} ask={ask} />
  );
}

function Best({ event, house, zone, lookAt, ask }: Pick<Props, 'event' | 'house' | 'zone' | 'lookAt' | 'ask'>) {
  const [count, setCount] = useState(2);
  const closed = closedInWords(event, house, zone);
  return (
    <section class="card" aria-labelledby="best">
      <h2 id="best" tabIndex={-1}>
        Best seats together
      </h2>
      {closed !== undefined && <p class="notice">{closed}</p>}
      <fieldset class="counts">
        <legend class="label">How many</legend>
        {COUNTS.map((some) => (
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
          {house.zones.map(({ zone: number, price, counts }) => (
            <option key={number} value={number}>
              Zone {number} · {priceInWords(price, event.currency)} · {freeInWords(counts)}
            </option>
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

/** Why nothing is to be had at the moment, as far as this page knows: the server knows better, so it may still be asked. */
function closedInWords({ onSaleAt, salesPaused }: EventView, house: House, zone: number | undefined) {
  if (onSaleAt !== null && Date.parse(onSaleAt) > Date.now()) return `Sales open ${momentInWords(onSaleAt)}.`;
  if (salesPaused) return 'Sales are paused.';
  const zones = house.zones.filter((one) => zone === undefined || one.zone === zone);
  const seats = (code: number) => zones.reduce((sum, { counts }) => sum + (counts[code] ?? 0), 0);
  if (seats(CODE.AVAILABLE) > 0) return undefined;
  return seats(CODE.HELD) > 0
    ? 'Nothing is free just now. What somebody holds may come back: it is seen here at once.'
    : 'Sold out.';
}

function Picked({ event, picked, clear, ask }: Pick<Props, 'event' | 'picked' | 'ask'> & { clear: () => void }) {
  const total = totalInWords(
    event,
    picked.map((label) => seatOf(label).zone),
  );
  return (
    <section class="card" aria-labelledby="picked">
      <h2 id="picked" tabIndex={-1}>
        Your choice
      </h2>
      <p>{seatsInWords(picked)}</p>
      <p class="total">{total}</p>
      {picked.length === MAX_SEATS_PER_REQUEST && (
        <p class="hint">{MAX_SEATS_PER_REQUEST} seats are the most at once: one more lets the first go.</p>
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
