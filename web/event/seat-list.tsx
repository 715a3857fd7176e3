import { useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import { CODE, freeRuns, type House, labelOf, type Run, type ZoneSeats } from './house.ts';
import { freeInWords, priceInWords } from './words.ts';

type Props = {
  event: EventView;
  house: House;
  picked: string[];
  choose: (label: string) => void;
  zone: number | undefined;
  lookAt: (zone: number | undefined) => void;
};

/** The house as a list, for whoever does not use the plan: zones with prices and counts, their rows, and the free runs of one. */
export function SeatList({ event, house, picked, choose, zone, lookAt }: Props) {
  const open = zone === undefined ? undefined : house.zone(zone);
  return (
    <section class="list" aria-labelledby="zones">
      <h2 id="zones">{open === undefined ? 'Zones' : `Zone ${open.zone}`}</h2>
      {open === undefined ? (
        <ul class="zones">
          {house.zones.map((one) => (
            <li key={one.zone}>
              <ZoneButton zone={one} currency={event.currency} open={() => lookAt(one.zone)} />
            </li>
          ))}
        </ul>
      ) : (
        <>
          <button type="button" class="quiet" onClick={() => lookAt(undefined)}>
            All zones
          </button>
          <Rows key={open.zone} zone={open} picked={picked} choose={choose} />
        </>
      )}
    </section>
  );
}

function ZoneButton({ zone, currency, open }: { zone: ZoneSeats; currency: string; open: () => void }) {
  return (
    <button type="button" class="zone" onClick={open}>
      <span class="name">Zone {zone.zone}</span>
      <span class="more">{priceInWords(zone.price, currency)}</span>
      <span class="more">{freeInWords(zone.counts)}</span>
      <progress value={zone.counts[CODE.AVAILABLE]} max={zone.seats.length} aria-hidden="true" />
    </button>
  );
}

function Rows({ zone, picked, choose }: { zone: ZoneSeats } & Pick<Props, 'picked' | 'choose'>) {
  const [row, setRow] = useState(1);
  const rows = Array.from({ length: zone.rows }, (_, i) => i + 1);
  const runs = freeRuns(zone, row);
  return (
    <>
      <label>
        <span class="label">Row, 1 is nearest to the stage</span>
        <select value={row} onChange={(e) => setRow(Number(e.currentTarget.value))}>
          {rows.map((number) => (
            <option key={number} value={number}>
              Row {number} · {freeIn(zone, number)} free
            </option>
          ))}
        </select>
      </label>
      <div class="runs">
        {runs.length === 0 && <p class="hint">Nothing is free in this row.</p>}
        {runs.map((run) => (
          <fieldset key={run.from} class="run">
            <legend>{run.from === run.to ? `Seat ${run.from}` : `Seats ${run.from} to ${run.to}`}</legend>
            {numbersOf(run).map((number) => {
              const label = labelOf({ zone: zone.zone, row, number });
              return (
                <button
                  key={number}
                  type="button"
                  class="seat"
                  aria-label={`Row ${row}, seat ${number}`}
                  aria-pressed={picked.includes(label)}
                  onClick={() => choose(label)}
                >
                  {number}
                </button>
              );
            })}
          </fieldset>
        ))}
      </div>
    </>
  );
}

const numbersOf = ({ from, to }: Run): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

function freeIn({ seats, seatsPerRow }: ZoneSeats, row: number): number {
  let free = 0;
  for (let at = (row - 1) * seatsPerRow; at < row * seatsPerRow; at += 1) if (seats[at] === CODE.AVAILABLE) free += 1;
  return free;
}
