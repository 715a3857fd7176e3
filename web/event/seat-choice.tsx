import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import type { OneWish } from '../../shared/contract/reserve.ts';
import { formatNumber } from '../format.ts';
import type { House, ZoneSeats } from '../house/house.ts';
import { zoneName } from '../house/names.ts';
import { totalOf } from '../house/prices.ts';
import { hasAccessible } from '../house/seat-facts.ts';
import { freeText, idsText, pricesText } from '../house/text.ts';
import { priceText } from '../money.ts';
import { texts } from '../texts/texts.ts';
import { Check, HowMany, PriceField, Stepper, TypeSteppers } from './choice-controls.tsx';
import { closedText } from './closed-text.ts';
import type { Choice } from './use-choice.ts';
import {
  categoryNumbers,
  isPlain,
  pickedNumbers,
  pickedWish,
  typeNames,
  wantedTypes,
  wishOf,
  zonesFor,
} from './wish.ts';

type Props = {
  event: EventView;
  house: House;
  choice: Choice;
  /** Seats of one request at most, as far as this page knows. */
  most: number;
  /** Seats of the house by status code, without this buyer's. */
  othersCounts: readonly number[];
  showZone: (zone: number | undefined) => void;
  request: (wish: OneWish) => void;
  /** Why the choice is not as the buyer wanted it. */
  notice: string | undefined;
};

/** The request to send: the best seats together, or those that were picked. */
export function SeatChoice(props: Props) {
  const { choice, event, house, notice } = props;
  const { picked } = choice;
  const heading = useRef<HTMLHeadingElement>(null);
  const wasCleared = useRef(false);
  useLayoutEffect(() => {
    if (wasCleared.current) heading.current?.focus(); // the pressed button was removed
    wasCleared.current = false;
  }, [picked]);
  const clear = () => {
    wasCleared.current = true;
    choice.clear();
  };
  const { title, body, action } = picked.length > 0 ? pickedParts(props, clear) : bestParts(props);
  const total = priceText(totalOf(house, picked, pickedTypes(house, choice)), event.currency);
  return (
    <section class="card" aria-labelledby="choice">
      <h2 id="choice" ref={heading} tabIndex={-1}>
        {title}
      </h2>
      {body}
      <p class="unseen" role="status">
        {picked.length > 0 && texts.choice.announcement(texts.house.seatCount(picked.length), total)}
      </p>
      <div class="reach">
        <p class="notice taken" role="status">
          {notice}
        </p>
        {action}
      </div>
    </section>
  );
}

/** The heading of the choice, its controls, and the buttons that stay in reach. */
type Parts = { title: string; body: ComponentChildren; action: ComponentChildren };

function bestParts({ event, house, choice, most, othersCounts, showZone, request }: Props): Parts {
  const { change } = choice;
  const zone = choice.zone ?? onlyArea(house)?.zone;
  const zones = zonesFor(house, zone);
  const area = zones.find(({ isArea }) => isArea);
  const mostHere = Math.min(most, roomOf(event, house, zones));
  const conditions = { ...choice.conditions, zone, count: Math.min(choice.conditions.count, mostHere) };
  const { count, accessible, split } = conditions;
  const numbers = categoryNumbers(house, conditions);
  const closed = closedText(house, zone, othersCounts);
  const body = (
    <>
      {closed !== undefined && <p class="notice">{closed}</p>}
      <HowMany {...{ house, numbers, conditions, change, most: mostHere, count }} currency={event.currency} />
      <label>
        <span class="label">{texts.choice.where}</span>
        <select value={zone ?? ''} onChange={(e) => showZone(Number(e.currentTarget.value) || undefined)}>
          {onlyArea(house) === undefined && <option value="">{texts.choice.anywhere}</option>}
          {house.zones.map((seats) => (
            <ZoneOption key={seats.zone} zone={seats} house={house} currency={event.currency} />
          ))}
        </select>
      </label>
      {area === undefined && <PriceField {...{ house, conditions, change }} currency={event.currency} />}
      {area === undefined && hasAccessible(zones) && (
        <Stepper
          name={texts.choice.accessible}
          more={texts.choice.accessibleMore}
          value={Math.min(accessible, count)}
          least={0}
          most={count}
          set={(next) => change({ accessible: next })}
        />
      )}
      {area === undefined && !isPlain(house, event.maxSeats) && (
        <Check text={texts.choice.apart} isChecked={split} set={(next) => change({ split: next })} />
      )}
      {area === undefined && <p class="hint">{texts.choice.orPick}</p>}
    </>
  );
  const action = (
    <button type="button" class="action" onClick={() => request(wishOf(house, conditions))}>
      {area === undefined
        ? texts.choice.holdBest(formatNumber(count))
        : texts.choice.hold(texts.house.placeCount(count))}
    </button>
  );
  return { title: area === undefined ? texts.choice.best : texts.choice.placesIn(zoneName(area)), body, action };
}

/** The first area of a house without seats: a request has to name one. */
const onlyArea = (house: House): ZoneSeats | undefined =>
  house.zones.every(({ isArea }) => isArea) ? house.zones[0] : undefined;

/** The most seats that these zones have together: as many as a row has, unless they may be apart. */
function roomOf(event: EventView, house: House, zones: readonly ZoneSeats[]): number {
  const rooms = zones.map(({ isArea, seatsPerRow, capacity }) => (isArea ? capacity : seatsPerRow));
  return isPlain(house, event.maxSeats) ? Math.max(...rooms) : Number.POSITIVE_INFINITY;
}

/** Memoized by its text: there may be 2,000 zones, and counts change a few times a second. */
function ZoneOption({ zone, house, currency }: { zone: ZoneSeats; house: House; currency: string }) {
  const free = freeText(zone.counts);
  return useMemo(
    () => (
      <option value={zone.zone}>
        {zoneName(zone)} · {pricesText(house, [zone], currency)} · {free}
      </option>
    ),
    [zone, house, currency, free],
  );
}

/** The ticket types of the picked seats; undefined where they have none. */
const pickedTypes = (house: House, { picked, conditions }: Choice) =>
  wantedTypes(house, pickedNumbers(house, picked), { ...conditions, count: picked.length });

function pickedParts({ event, house, choice, request }: Props, clear: () => void): Parts {
  const { picked, conditions, change } = choice;
  const count = picked.length;
  const numbers = pickedNumbers(house, picked);
  const types = pickedTypes(house, choice);
  const total = priceText(totalOf(house, picked, types), event.currency);
  const body = (
    <>
      <p>{idsText(house, picked)}</p>
      {types !== undefined && (
        <TypeSteppers
          {...{ house, numbers, conditions, change }}
          fixedCount={count}
          most={count}
          currency={event.currency}
        />
      )}
      {types === undefined && typeNames(house, numbers).length > 0 && (
        <Check text={texts.choice.byType} isChecked={false} set={(isByType) => change({ isByType })} />
      )}
      <p class="total">{total}</p>
    </>
  );
  const action = (
    <div class="actions">
      <button type="button" class="action" onClick={() => request(pickedWish(house, [...picked], conditions))}>
        {texts.choice.holdFor(texts.house.seatCount(count), total)}
      </button>
      <button type="button" class="quiet" onClick={clear}>
        {texts.choice.clear}
      </button>
    </div>
  );
  return { title: texts.choice.picked, body, action };
}
