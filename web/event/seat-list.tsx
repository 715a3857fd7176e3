import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import { numberInWords } from '../words.ts';
import { CODE, type House, labelOf, type ZoneSeats } from './house.ts';
import { freeInWords, heldInWords, priceInWords } from './words.ts';

type Props = {
  event: EventView;
  house: House;
  picked: string[];
  choose: (label: string) => void;
  zone: number | undefined;
  lookAt: (zone: number | undefined) => void;
};

/** The house as a list, for whoever does not use the plan: zones with prices and counts, their rows, and the free seats of one. */
export function SeatList({ event, house, picked, choose, zone, lookAt }: Props) {
  const open = zone === undefined ? undefined : house.zone(zone);
  const heading = useRef<HTMLHeadingElement>(null);
  const latest = useRef(lookAt);
  latest.current = lookAt;
  const wasPressed = useRef(false);
  const goTo = useRef((to: number | undefined) => {
    wasPressed.current = true;
    latest.current(to);
  }).current;
  useLayoutEffect(() => {
    if (wasPressed.current) heading.current?.focus(); // the button that was pressed is gone
    wasPressed.current = false;
  }, [zone]);
  return (
    <section class="list" aria-labelledby="zones">
      <h2 id="zones" ref={heading} tabIndex={-1}>
        {open === undefined ? 'Zones' : `Zone ${open.zone}`}
      </h2>
      {open === undefined ? (
        <ul class="zones">
          {house.zones.map((one) => (
            <ZoneLine key={one.zone} zone={one} currency={event.currency} goTo={goTo} />
          ))}
        </ul>
      ) : (
        <>
          <button type="button" class="quiet" onClick={() => goTo(undefined)}>
            All zones
          </button>
          <Rows key={open.zone} zone={open} picked={picked} choose={choose} />
        </>
      )}
    </section>
  );
}

type ZoneLineProps = { zone: ZoneSeats; currency: string; goTo: (zone: number) => void };

/** Made anew only where its words change: there may be 2,000, and counts change a few times a second. */
function ZoneLine({ zone: { zone, price, counts, seats }, currency, goTo }: ZoneLineProps) {
  const words = freeInWords(counts);
  return useMemo(
    () => (
      <li>
        <button type="button" class="zone" onClick={() => goTo(zone)}>
          <span class="name">Zone {zone}</span>
          <span class="more">{priceInWords(price, currency)}</span>
          <span class="more free">{words}</span>
          <progress value={counts[CODE.AVAILABLE]} max={seats.length} aria-hidden="true" />
        </button>
      </li>
    ),
    [zone, price, currency, words, seats, goTo],
  );
}

function Rows({ zone, picked, choose }: { zone: ZoneSeats } & Pick<Props, 'picked' | 'choose'>) {
  const [row, setRow] = useState(1);
  return (
    <>
      <label>
        <span class="label">Row, 1 is nearest to the stage</span>
        <select value={row} onChange={(e) => setRow(Number(e.currentTarget.value))}>
          {Array.from(zone.freeInRow, (free, i) => (
            <RowOption key={i + 1} row={i + 1} free={free} />
          ))}
        </select>
      </label>
      <Seats key={row} zone={zone} row={row} picked={picked} choose={choose} />
    </>
  );
}

/** As a line of a zone: there may be 10,000. */
const RowOption = ({ row, free }: { row: number; free: number }) =>
  useMemo(
    () => (
      <option value={row}>
        Row {row} · {numberInWords(free)} free
      </option>
    ),
    [row, free],
  );

/**
 * What is free of a row. A seat that somebody takes meanwhile keeps its place: the others stay under the finger, and who is on it
 * keeps the focus. One that is picked can be let go, whosever it is.
 */
function Seats({ zone, row, picked, choose }: { zone: ZoneSeats; row: number } & Pick<Props, 'picked' | 'choose'>) {
  const { current: shown } = useRef(new Set<number>());
  const seats = zone.seats.subarray((row - 1) * zone.seatsPerRow, row * zone.seatsPerRow);
  const own = new Set(picked);
  const held = seats.reduce((sum, code) => sum + (code === CODE.HELD ? 1 : 0), 0);
  const buttons = Array.from(seats, (code, i) => {
    const number = i + 1;
    const label = labelOf({ zone: zone.zone, row, number });
    const isOpen = code === CODE.AVAILABLE || own.has(label);
    if (isOpen) shown.add(number);
    return (
      shown.has(number) && (
        <button
          key={number}
          type="button"
          class="seat"
          aria-label={`Row ${row}, seat ${number}`}
          aria-pressed={own.has(label)}
          aria-disabled={!isOpen}
          onClick={() => isOpen && choose(label)}
        >
          {number}
        </button>
      )
    );
  });
  return (
    <>
      {zone.freeInRow[row - 1] === 0 && (
        <p class="hint">{held > 0 ? heldInWords(held) : 'Nothing is free in this row.'}</p>
      )}
      {shown.size > 0 && <div class="row">{buttons}</div>}
    </>
  );
}
