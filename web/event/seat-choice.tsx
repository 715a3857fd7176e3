import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import type { OneWish } from '../../shared/contract/reserve.ts';
import { capitalised } from '../format.ts';
import { CODE, type House, maxSeatsOf, type ZoneSeats } from '../house/house.ts';
import { zoneName } from '../house/names.ts';
import { totalOf } from '../house/prices.ts';
import { freeText, idsText, pricesText } from '../house/text.ts';
import { priceText } from '../money.ts';
import { texts } from '../texts/texts.ts';
import { Check, HowMany, PriceField, Stepper, TypeSteppers } from './choice-controls.tsx';
import type { Choice } from './use-choice.ts';
import {
  categoryNumbers,
  hasAccessible,
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
  showZone: (zone: number | undefined) => void;
  request: (wish: OneWish) => void;
};

/** The request to send: the best seats together, or those that were picked. */
export function SeatChoice(props: Props) {
  const { choice } = props;
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
  return picked.length > 0 ? <Picked {...props} clear={clear} /> : <Best {...props} />;
}

function Best({ event, house, choice, showZone, request }: Props) {
  const { change } = choice;
  const zone = choice.zone ?? onlyArea(house)?.zone;
  const zones = zonesFor(house, zone);
  const area = zones.find(({ isArea }) => isArea);
  const most = mostOf(event, house, zones);
  const conditions = { ...choice.conditions, zone, count: Math.min(choice.conditions.count, most) };
  const { count, accessible, split } = conditions;
  const numbers = categoryNumbers(house, conditions);
  const closed = closedText(house, zone);
  return (
    <section class="card" aria-labelledby="best">
      <h2 id="best" tabIndex={-1}>
        {area === undefined ? 'Best seats together' : `Places in ${zoneName(area)}`}
      </h2>
      {closed !== undefined && <p class="notice">{closed}</p>}
      <HowMany {...{ house, numbers, conditions, change, most, count }} currency={event.currency} />
      <label>
        <span class="label">Where</span>
        <select value={zone ?? ''} onChange={(e) => showZone(Number(e.currentTarget.value) || undefined)}>
          {onlyArea(house) === undefined && <option value="">Anywhere in the house</option>}
          {house.zones.map((seats) => (
            <ZoneOption key={seats.zone} zone={seats} house={house} currency={event.currency} />
          ))}
        </select>
      </label>
      {area === undefined && <PriceField {...{ house, conditions, change }} currency={event.currency} />}
      {area === undefined && hasAccessible(zones) && (
        <Stepper
          name="Accessible seats"
          more="among them, with those of companions beside"
          value={Math.min(accessible, count)}
          least={0}
          most={count}
          set={(next) => change({ accessible: next })}
        />
      )}
      {area === undefined && !isPlain(house, event.maxSeats) && (
        <Check text="Seats may be apart" isChecked={split} set={(next) => change({ split: next })} />
      )}
      <button type="button" class="action" onClick={() => request(wishOf(house, conditions))}>
        {area === undefined ? `Hold the best ${count === 1 ? 'seat' : count}` : `Hold ${texts.house.placeCount(count)}`}
      </button>
      {area === undefined && <p class="hint">Or pick seats yourself, on the plan or in the list.</p>}
    </section>
  );
}

/** The first area of a house without seats: a request has to name one. */
const onlyArea = (house: House): ZoneSeats | undefined =>
  house.zones.every(({ isArea }) => isArea) ? house.zones[0] : undefined;

/** The most seats of one request: as many as a row has, unless they may be apart. */
function mostOf(event: EventView, house: House, zones: readonly ZoneSeats[]): number {
  const rooms = zones.map(({ isArea, seatsPerRow, capacity }) => (isArea ? capacity : seatsPerRow));
  const isOpen = !isPlain(house, event.maxSeats);
  return Math.min(maxSeatsOf(event), isOpen ? Number.POSITIVE_INFINITY : Math.max(...rooms));
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

/** Why no seat is available now, as far as this page knows. The server decides, so a request may still be sent. */
/** Why a zone has nothing to request, where it has not. The sale itself is open. */
function closedText(house: House, zone: number | undefined): string | undefined {
  if (zone === undefined) return undefined;
  const zones = zonesFor(house, zone);
  const seats = (code: number) => zones.reduce((sum, { counts }) => sum + (counts[code] ?? 0), 0);
  if (seats(CODE.AVAILABLE) > 0) return undefined;
  if (seats(CODE.HELD) > 0) return texts.house.soldOutForNow(seats(CODE.HELD));
  return `${capitalised(seats(CODE.SOLD) > 0 ? texts.house.soldOut : texts.house.notForSale)}.`;
}

type PickedProps = Omit<Props, 'showZone'> & { clear: () => void };

function Picked({ event, house, choice, clear, request }: PickedProps) {
  const { picked, conditions, change } = choice;
  const maxSeats = maxSeatsOf(event);
  const count = picked.length;
  const numbers = pickedNumbers(house, picked);
  const types = wantedTypes(house, numbers, { ...conditions, count });
  return (
    <section class="card" aria-labelledby="picked">
      <h2 id="picked" tabIndex={-1}>
        Your choice
      </h2>
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
        <Check text="Choose ticket types" isChecked={false} set={(isByType) => change({ isByType })} />
      )}
      <p class="total">{priceText(totalOf(house, picked, types), event.currency)}</p>
      {count >= maxSeats && (
        <p class="hint">You can choose at most {texts.house.seatCount(maxSeats)}: another choice removes the first.</p>
      )}
      <div class="actions">
        <button type="button" class="action" onClick={() => request(pickedWish(house, picked, conditions))}>
          Hold {texts.house.seatCount(count)}
        </button>
        <button type="button" class="quiet" onClick={clear}>
          Clear
        </button>
      </div>
    </section>
  );
}
