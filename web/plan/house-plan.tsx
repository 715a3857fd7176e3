import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import { categoryPrices } from '../event/choice-controls.tsx';
import { hasAccessible } from '../event/wish.ts';
import { formatNumber } from '../format.ts';
import { categoryColours } from '../house/category-colours.ts';
import { CODE, type House, labelOf, MARK, type Seat } from '../house/house.ts';
import type { Connection } from '../house/live.ts';
import { seatName, zoneName } from '../house/names.ts';
import { categoryOf, markOf, priceOf } from '../house/seat-facts.ts';
import { areaText, freeText, pricesText } from '../house/text.ts';
import { priceText } from '../money.ts';
import { layOutPlan } from './plan-layout.ts';
import { createPlanView, type PlanView } from './plan-view.ts';

/** By status code. */
const STATUS_TEXT = ['free', 'held', 'sold', 'not for sale'];

const CONNECTION_TEXT: Record<Connection, string> = {
  connecting: 'Connecting',
  live: 'Live',
  polling: 'Every 2 seconds',
  lost: 'Connection lost',
};

const CANVAS_LABEL =
  'Plan of the house. Arrow keys move it, plus and minus zoom, 0 shows all. The list offers the same seats.';

type Props = {
  house: House;
  mine: string[];
  picked: string[];
  toggle: (label: string) => void;
  showZone: (zone: number | undefined) => void;
  connection: Connection;
  counts: number[];
  event: EventView;
  onView: (view: PlanView) => void;
};

/** The house on a canvas, with its legend. The list of seats offers the same without a canvas. */
export function HousePlan(props: Props) {
  const { house, mine, picked, connection, counts, event, onView } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<PlanView>();
  const [pointed, setPointed] = useState<Seat>();
  const [areSeatsVisible, setSeatsVisible] = useState(false);
  const plan = useMemo(() => layOutPlan(house.zones, event.rings), [house, event]);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    if (canvas.current === null) return;
    const created = createPlanView(canvas.current, plan, house, {
      seatChosen: (label) => latest.current.toggle(label),
      zoneChosen: (zone) => latest.current.showZone(zone),
      pointedAt: setPointed,
      seatsVisible: setSeatsVisible,
    });
    setView(created);
    onView(created);
    return created.stop;
  }, [plan, house]);
  useEffect(() => view?.mark(mine, picked), [view, mine, picked]);
  return (
    <section class="plan" aria-label="Plan of the house">
      <div class="stage">
        <canvas ref={canvas} tabIndex={0} role="img" aria-label={CANVAS_LABEL} />
        <div class="zoom">
          <button type="button" aria-label="Zoom in" onClick={() => view?.zoomIn()}>
            +
          </button>
          <button type="button" aria-label="Zoom out" onClick={() => view?.zoomOut()}>
            −
          </button>
          <button type="button" class="all" onClick={() => props.showZone(undefined)}>
            All
          </button>
        </div>
        {(pointed !== undefined || !areSeatsVisible) && (
          <p class="pointed" aria-hidden="true">
            {pointed === undefined
              ? 'Choose a zone to see its seats'
              : pointedText(house, pointed, areSeatsVisible, event.currency)}
          </p>
        )}
      </div>
      <CategoryLegend house={house} currency={event.currency} />
      <ul class="legend">
        <Key
          name={house.categories.length > 0 ? 'free any' : 'free'}
          text={`Free ${formatNumber(counts[CODE.AVAILABLE] ?? 0)}`}
        />
        <Key name="held" text={`Held ${formatNumber(counts[CODE.HELD] ?? 0)}`} />
        <Key name="sold" text={`Sold ${formatNumber(counts[CODE.SOLD] ?? 0)}`} />
        {hasAccessible(house.zones) && <Key name="accessible" text="♿ Accessible" />}
        {house.zones.some(({ marks }) => marks?.includes(MARK.COMPANION)) && (
          <Key name="companion" text="For a companion" />
        )}
        {picked.length > 0 && <Key name="picked" text="Picked" />}
        {mine.length > 0 && <Key name="mine" text="Yours" />}
        <li class={`connection ${connection}`}>
          <span role="status">{CONNECTION_TEXT[connection]}</span>
        </li>
      </ul>
    </section>
  );
}

const Key = ({ name, text }: { name: string; text: string }) => (
  <li>
    <i class={`key ${name}`} />
    {text}
  </li>
);

/** The colours of free seats by category, with names and prices. */
function CategoryLegend({ house, currency }: { house: House; currency: string }) {
  const { categories } = house;
  if (categories.length === 0) return null;
  const [, ...colours] = categoryColours(categories, '');
  return (
    <ul class="legend categories" aria-label="Categories">
      {categories.map((category, i) => (
        <li key={category.name}>
          <i class="key" style={{ background: colours[i] }} />
          {category.name} · {categoryPrices(category, currency)}
        </li>
      ))}
    </ul>
  );
}

function pointedText(house: House, seat: Seat, areSeatsVisible: boolean, currency: string): string {
  const zone = house.zone(seat.zone);
  if (zone === undefined) return '';
  if (zone.isArea) return `${zoneName(zone)} · ${pricesText(house, [zone], currency)} · ${areaText(zone)}`;
  const label = labelOf(seat);
  const code = house.statusOf(label);
  if (!areSeatsVisible || code === undefined)
    return `${zoneName(zone)} · ${pricesText(house, [zone], currency)} · ${freeText(zone.counts)}`;
  const name = seatName(house, seat);
  const category = categoryOf(house, label)?.name;
  const parts = [name.zone, name.row, `seat ${name.seat}`, category, priceText(priceOf(house, label), currency)];
  const marks = { [MARK.NONE]: undefined, [MARK.ACCESSIBLE]: 'accessible', [MARK.COMPANION]: 'for a companion' };
  return [...parts, STATUS_TEXT[code], marks[markOf(house, label)]].filter((part) => part !== undefined).join(' · ');
}
