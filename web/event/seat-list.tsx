import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import { capitalised, formatNumber } from '../format.ts';
import { CODE, type House, labelOf, MARK, seatsInRow, type ZoneSeats } from '../house/house.ts';
import { rowName, seatLabel, zoneName } from '../house/names.ts';
import { categoryOf, markOf, priceOf } from '../house/seat-facts.ts';
import { areaText, freeText, pricesText } from '../house/text.ts';
import { priceText } from '../money.ts';
import { texts } from '../texts/texts.ts';
import type { Choice } from './use-choice.ts';

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
        {open === undefined ? 'Zones' : zoneName(open)}
      </h2>
      {open === undefined ? (
        <ul class="zones">
          {house.zones.map((seats) => (
            <ZoneLine key={seats.zone} zone={seats} house={house} currency={event.currency} goTo={goTo} />
          ))}
        </ul>
      ) : (
        <>
          <button type="button" class="quiet" onClick={() => goTo(undefined)}>
            All zones
          </button>
          {open.isArea ? (
            <Area zone={open} />
          ) : (
            <Rows key={open.zone} {...{ house, picked, toggle }} zone={open} currency={event.currency} />
          )}
        </>
      )}
    </section>
  );
}

type ZoneLineProps = { zone: ZoneSeats; house: House; currency: string; goTo: (zone: number) => void };

/** Memoized by its text: there may be 2,000 zones, and counts change a few times a second. */
function ZoneLine({ zone: seats, house, currency, goTo }: ZoneLineProps) {
  const { zone, counts, capacity, isArea } = seats;
  const free = freeText(counts);
  return useMemo(
    () => (
      <li>
        <button type="button" class="zone" onClick={() => goTo(zone)}>
          <span class="name">{zoneName(seats)}</span>
          <span class="more">{pricesText(house, [seats], currency)}</span>
          <span class="more free">{isArea ? `${free} of ${formatNumber(capacity)} places` : free}</span>
          <progress value={counts[CODE.AVAILABLE]} max={capacity} aria-hidden="true" />
        </button>
      </li>
    ),
    [zone, house, currency, free, capacity, isArea, goTo],
  );
}

/** The places of an area. The form above requests them by their number. */
const Area = ({ zone }: { zone: ZoneSeats }) => (
  <>
    <progress value={zone.counts[CODE.AVAILABLE]} max={zone.capacity} aria-hidden="true" />
    <p class="hint">{areaText(zone)}</p>
  </>
);

type RowsProps = {
  zone: ZoneSeats;
  house: House;
  currency: string;
  picked: string[];
  toggle: (label: string) => void;
};

function Rows(props: RowsProps) {
  const { zone } = props;
  const [row, setRow] = useState(1);
  const isLabelled = zone.plan?.some(({ label }) => label !== undefined);
  return (
    <>
      <label>
        <span class="label">Row, {isLabelled ? 'the first' : '1'} is nearest to the stage</span>
        <select value={row} onChange={(e) => setRow(Number(e.currentTarget.value))}>
          {Array.from(zone.freeInRow, (free, i) => (
            <RowOption key={i + 1} row={i + 1} name={capitalised(rowName(zone, i + 1))} free={free} />
          ))}
        </select>
      </label>
      <Seats key={row} {...props} row={row} />
    </>
  );
}

/** Memoized by its text: there may be 10,000 rows. */
const RowOption = ({ row, name, free }: { row: number; name: string; free: number }) =>
  useMemo(
    () => (
      <option value={row}>
        {name} · {formatNumber(free)} free
      </option>
    ),
    [row, name, free],
  );

/** By the people that a seat is kept for. */
const MARK_TEXTS = { [MARK.NONE]: undefined, [MARK.ACCESSIBLE]: 'accessible', [MARK.COMPANION]: 'for a companion' };

const MARK_CLASSES = {
  [MARK.NONE]: 'seat',
  [MARK.ACCESSIBLE]: 'seat accessible',
  [MARK.COMPANION]: 'seat companion',
};

/** A seat as a screen reader reads it: its category and price too, where the house has categories. */
function seatText({ zone, house, currency }: RowsProps, row: number, number: number): string {
  const label = labelOf({ zone: zone.zone, row, number });
  return [
    capitalised(rowName(zone, row)),
    `seat ${seatLabel(zone, row, number)}`,
    categoryOf(house, label)?.name,
    house.categories.length === 0 ? undefined : priceText(priceOf(house, label), currency),
    MARK_TEXTS[markOf(house, label)],
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}

/**
 * The free seats of a row. A seat that another buyer takes keeps its button: the other buttons do not move, and the
 * focus stays. A picked seat can always be removed.
 */
function Seats(props: RowsProps & { row: number }) {
  const { zone, house, row, picked, toggle } = props;
  const { current: shown } = useRef(new Set<number>());
  const first = (row - 1) * zone.seatsPerRow;
  const seats = zone.seats.subarray(first, first + seatsInRow(zone, row));
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
          class={MARK_CLASSES[markOf(house, label)]}
          aria-label={seatText(props, row, number)}
          aria-pressed={own.has(label)}
          aria-disabled={!isOpen}
          onClick={() => isOpen && toggle(label)}
        >
          {seatLabel(zone, row, number)}
        </button>
      )
    );
  });
  return (
    <>
      {zone.freeInRow[row - 1] === 0 && (
        <p class="hint">{held > 0 ? texts.house.soldOutForNow(held) : 'No seat is free in this row.'}</p>
      )}
      {shown.size > 0 && <div class="row">{buttons}</div>}
    </>
  );
}
