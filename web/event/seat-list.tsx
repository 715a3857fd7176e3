import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import { formatNumber } from '../format.ts';
import { CODE, type House, labelOf, type ZoneSeats } from './house.ts';
import type { Choice } from './seat-choice.tsx';
import { freeText, heldText, priceText } from './text.ts';

type Props = {
  event: EventView;
  house: House;
  choice: Choice;
  toggle: (label: string) => void;
  showZone: (zone: number | undefined) => void;
};

/** The house as a list, which needs no plan: zones with prices and counts, their rows, and the free seats of a row. */
export function SeatList({ event, house, choice, toggle, showZone }: Props) {
  const { picked, zone } = choice;
  const open = zone === undefined ? undefined : house.zone(zone);
  const heading = useRef<HTMLHeadingElement>(null);
  const latest = useRef(showZone);
  latest.current = showZone;
  const wasPressed = useRef(false);
  const goTo = useRef((to: number | undefined) => {
    wasPressed.current = true;
    latest.current(to);
  }).current;
  useLayoutEffect(() => {
    if (wasPressed.current) heading.current?.focus(); // the pressed button was removed
    wasPressed.current = false;
  }, [zone]);
  return (
    <section class="list" aria-labelledby="zones">
      <h2 id="zones" ref={heading} tabIndex={-1}>
        {open === undefined ? 'Zones' : `Zone ${open.zone}`}
      </h2>
      {open === undefined ? (
        <ul class="zones">
          {house.zones.map((seats) => (
            <ZoneLine key={seats.zone} zone={seats} currency={event.currency} goTo={goTo} />
          ))}
        </ul>
      ) : (
        <>
          <button type="button" class="quiet" onClick={() => goTo(undefined)}>
            All zones
          </button>
          <Rows key={open.zone} zone={open} picked={picked} toggle={toggle} />
        </>
      )}
    </section>
  );
}

type ZoneLineProps = { zone: ZoneSeats; currency: string; goTo: (zone: number) => void };

/** Memoized by its text: there may be 2,000 zones, and counts change a few times a second. */
function ZoneLine({ zone: { zone, price, counts, seats }, currency, goTo }: ZoneLineProps) {
  const free = freeText(counts);
  return useMemo(
    () => (
      <li>
        <button type="button" class="zone" onClick={() => goTo(zone)}>
          <span class="name">Zone {zone}</span>
          <span class="more">{priceText(price, currency)}</span>
          <span class="more free">{free}</span>
          <progress value={counts[CODE.AVAILABLE]} max={seats.length} aria-hidden="true" />
        </button>
      </li>
    ),
    [zone, price, currency, free, seats, goTo],
  );
}

type RowsProps = { zone: ZoneSeats; picked: string[]; toggle: (label: string) => void };

function Rows({ zone, picked, toggle }: RowsProps) {
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
      <Seats key={row} zone={zone} row={row} picked={picked} toggle={toggle} />
    </>
  );
}

/** Memoized by its text: there may be 10,000 rows. */
const RowOption = ({ row, free }: { row: number; free: number }) =>
  useMemo(
    () => (
      <option value={row}>
        Row {row} · {formatNumber(free)} free
      </option>
    ),
    [row, free],
  );

/**
 * The free seats of a row. A seat that another buyer takes keeps its button: the other buttons do not move, and the
 * focus stays. A picked seat can always be removed.
 */
function Seats({ zone, row, picked, toggle }: RowsProps & { row: number }) {
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
          onClick={() => isOpen && toggle(label)}
        >
          {number}
        </button>
      )
    );
  });
  return (
    <>
      {zone.freeInRow[row - 1] === 0 && (
        <p class="hint">{held > 0 ? heldText(held) : 'No seat is free in this row.'}</p>
      )}
      {shown.size > 0 && <div class="row">{buttons}</div>}
    </>
  );
}
