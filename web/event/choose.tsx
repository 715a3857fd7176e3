import { useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import type { SeatWish } from '../../shared/contract/reserve.ts';
import { CODE, type House, seatOf } from './house.ts';
import { countInWords, numberInWords, priceInWords, seatsInWords } from './words.ts';

const COUNTS = [1, 2, 3, 4, 5];

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
    <Picked event={event} house={house} picked={picked} clear={() => setPicked([])} ask={ask} />
  ) : (
    <Best event={event} house={house} zone={zone} lookAt={lookAt} ask={ask} />
  );
}

function Best({ event, house, zone, lookAt, ask }: Pick<Props, 'event' | 'house' | 'zone' | 'lookAt' | 'ask'>) {
  const [count, setCount] = useState(2);
  return (
    <section class="card" aria-labelledby="best">
      <h2 id="best" tabIndex={-1}>
        Best seats together
      </h2>
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
              Zone {number} · {priceInWords(price, event.currency)} · {numberInWords(counts[CODE.AVAILABLE])} free
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

function Picked(props: Pick<Props, 'event' | 'house' | 'picked' | 'ask'> & { clear: () => void }) {
  const { event, house, picked, clear, ask } = props;
  const total = picked.reduce((sum, label) => sum + (house.zone(seatOf(label).zone)?.price ?? 0), 0);
  return (
    <section class="card" aria-labelledby="picked">
      <h2 id="picked" tabIndex={-1}>
        Your choice
      </h2>
      <p>{seatsInWords(picked)}</p>
      <p class="total">{priceInWords(total, event.currency)}</p>
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
