import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import { capitalised, formatNumber } from '../format.ts';
import { CODE, categoryAt, type House, indexOf, labelOf, MARK, seatsInRow, type ZoneSeats } from '../house/house.ts';
import { rowName, seatLabel, zoneName } from '../house/names.ts';
import type { OwnSeats } from '../house/own-seats.ts';
import { categoryOf, markOf, priceOf } from '../house/seat-facts.ts';
import { areaText, freeText, pricesText } from '../house/text.ts';
import { priceText } from '../money.ts';
import { classText } from '../plan/plan-key.tsx';
import { markText, statusText } from '../plan/pointed-text.ts';
import { texts } from '../texts/texts.ts';
import type { Choice } from './use-choice.ts';

type Props = {
  event: EventView;
  house: House;
  choice: Pick<Choice, 'picked' | 'zone' | 'lit' | 'choosePrice'>;
  mine: OwnSeats;
  toggle: (label: string) => void;
  showZone: (zone: number | undefined) => void;
};

/** The house as a list, which needs no plan: zones with prices and counts, their rows, and the free seats of a row. */
export function SeatList({ event, house, choice, mine, toggle, showZone }: Props) {
  const { picked, zone, lit } = choice;
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
        {open === undefined ? texts.choice.zones : zoneName(open)}
      </h2>
      {lit !== undefined && <Limit house={house} choice={choice} lit={lit} currency={event.currency} />}
      {open === undefined ? (
        <ul class="zones">
          {zonesOf(house, lit).map((seats) => (
            <ZoneLine key={seats.zone} zone={seats} house={house} currency={event.currency} goTo={goTo} />
          ))}
        </ul>
      ) : (
        <>
          <button type="button" class="quiet" onClick={() => goTo(undefined)}>
            {texts.choice.allZones}
          </button>
          {open.isArea ? (
            <Area zone={open} />
          ) : (
            <Rows key={open.zone} {...{ house, picked, mine, lit, toggle }} zone={open} currency={event.currency} />
          )}
        </>
      )}
    </section>
  );
}

/** The zones that have seats of the classes that the buyer has limited the choice to. */
const zonesOf = ({ zones, priceClasses }: House, lit: Choice['lit']): readonly ZoneSeats[] =>
  lit === undefined
    ? zones
    : zones.filter((zone) => [...zone.usedCategories].some((number) => lit.has(priceClasses.of(zone, number))));

type LimitProps = { house: House; choice: Pick<Choice, 'choosePrice'>; lit: ReadonlySet<number>; currency: string };

/** The prices that the list is limited to, and a button that shows all. */
const Limit = ({ house, choice, lit, currency }: LimitProps) => (
  <p class="limit">
    <span>
      {texts.choice.onlyPrice(
        house.priceClasses.all
          .filter((_, i) => lit.has(i))
          .map((one) => classText(one, currency))
          .join('; '),
      )}
    </span>
    <button type="button" class="quiet" onClick={() => choice.choosePrice(undefined)}>
      {texts.choice.allPrices}
    </button>
  </p>
);

type ZoneLineProps = { zone: ZoneSeats; house: House; currency: string; goTo: (zone: number) => void };

/** Memoized by its text: there may be 2,000 zones, and counts change a few times a second. */
function ZoneLine({ zone: seats, house, currency, goTo }: ZoneLineProps) {
  const { zone, counts, capacity, isArea } = seats;
  const free = freeText(counts);
  const hasFree = counts[CODE.AVAILABLE] > 0;
  return useMemo(
    () => (
      <li>
        <button type="button" class="zone" onClick={() => goTo(zone)}>
          <span class="name">{zoneName(seats)}</span>
          <span class="more">{pricesText(house, [seats], currency)}</span>
          <span class="more free">{isArea && hasFree ? texts.choice.places(free, formatNumber(capacity)) : free}</span>
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
  picked: readonly string[];
  mine: OwnSeats;
  lit: Choice['lit'];
  toggle: (label: string) => void;
};

/** Opens at the first row that has an available seat. */
function Rows(props: RowsProps) {
  const { zone } = props;
  const available = availableInRows(props);
  const [row, setRow] = useState(
    () =>
      1 +
      Math.max(
        0,
        available.findIndex((seats) => seats > 0),
      ),
  );
  const isLabelled = zone.plan?.some(({ label }) => label !== undefined);
  return (
    <>
      <label>
        <span class="label">{isLabelled ? texts.choice.labelledRows : texts.choice.rows}</span>
        <select value={row} onChange={(e) => setRow(Number(e.currentTarget.value))}>
          {Array.from(available, (free, i) => (
            <RowOption key={i + 1} row={i + 1} name={capitalised(rowName(zone, i + 1))} free={free} />
          ))}
        </select>
      </label>
      <Seats key={row} {...props} row={row} available={available[row - 1] ?? 0} />
    </>
  );
}

/** The available seats of each row, of the classes that the buyer has limited the choice to. */
function availableInRows({ zone, house, lit }: RowsProps): Uint16Array {
  if (lit === undefined) return zone.freeInRow;
  return Uint16Array.from(zone.freeInRow, (_, i) => {
    const first = indexOf(zone, i + 1, 1);
    let seats = 0;
    for (let at = first; at < first + seatsInRow(zone, i + 1); at += 1)
      seats += Number(zone.seats[at] === CODE.AVAILABLE && lit.has(house.priceClasses.of(zone, categoryAt(zone, at))));
    return seats;
  });
}

/** Memoized by its text: there may be 10,000 rows. */
const RowOption = ({ row, name, free }: { row: number; name: string; free: number }) =>
  useMemo(() => <option value={row}>{texts.choice.rowWithSeats(name, formatNumber(free))}</option>, [row, name, free]);

const MARK_CLASSES = {
  [MARK.NONE]: 'seat',
  [MARK.ACCESSIBLE]: 'seat accessible',
  [MARK.COMPANION]: 'seat companion',
};

/** A seat as a screen reader reads it: its category and price too, where the house has categories. */
function seatText({ zone, house, currency, mine }: RowsProps, row: number, number: number): string {
  const label = labelOf({ zone: zone.zone, row, number });
  return [
    capitalised(rowName(zone, row)),
    texts.house.seat(seatLabel(zone, row, number)),
    categoryOf(house, label)?.name,
    house.categories.length === 0 ? undefined : priceText(priceOf(house, label), currency),
    markText(markOf(house, label)),
    mine.has(label) ? statusText(label, CODE.HELD, mine) : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}

/**
 * The available seats of a row, and this buyer's own. A seat that another buyer takes keeps its button: the other
 * buttons do not move, and the focus stays. A picked seat can always be removed.
 */
function Seats(props: RowsProps & { row: number; available: number }) {
  const { zone, house, row, picked, mine, lit, toggle, available } = props;
  const { current: shown } = useRef(new Set<number>());
  const first = indexOf(zone, row, 1);
  const seats = zone.seats.subarray(first, first + seatsInRow(zone, row));
  const own = new Set(picked);
  let heldByOthers = 0;
  const buttons = Array.from(seats, (code, i) => {
    const number = i + 1;
    const label = labelOf({ zone: zone.zone, row, number });
    const isOpen = code === CODE.AVAILABLE || own.has(label);
    const isMine = mine.has(label);
    if (code === CODE.HELD && !isMine) heldByOthers += 1;
    const isLit = lit === undefined || lit.has(house.priceClasses.of(zone, categoryAt(zone, first + i)));
    if ((isOpen && isLit) || isMine) shown.add(number);
    return (
      (own.has(label) || (shown.has(number) && isLit)) && (
        <button
          key={number}
          type="button"
          class={isMine ? 'seat mine' : MARK_CLASSES[markOf(house, label)]}
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
      {available === 0 && (
        <p class="hint">{heldByOthers > 0 ? texts.house.soldOutForNow(heldByOthers) : texts.choice.noneInRow}</p>
      )}
      {shown.size > 0 && <div class="row">{buttons}</div>}
    </>
  );
}
