import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import { formatNumber } from '../format.ts';
import { CODE, type House, labelOf, type Seat } from './house.ts';
import type { Connection } from './live.ts';
import { layOutPlan } from './plan-layout.ts';
import { createPlanView, type PlanView } from './plan-view.ts';
import { freeText, priceText } from './text.ts';

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
      <ul class="legend">
        <Key name="free" text={`Free ${formatNumber(counts[CODE.AVAILABLE] ?? 0)}`} />
        <Key name="held" text={`Held ${formatNumber(counts[CODE.HELD] ?? 0)}`} />
        <Key name="sold" text={`Sold ${formatNumber(counts[CODE.SOLD] ?? 0)}`} />
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

function pointedText(house: House, seat: Seat, areSeatsVisible: boolean, currency: string): string {
  const zone = house.zone(seat.zone);
  if (zone === undefined) return '';
  const price = priceText(zone.price, currency);
  if (!areSeatsVisible) return `Zone ${seat.zone} · ${price} · ${freeText(zone.counts)}`;
  const status = STATUS_TEXT[house.statusOf(labelOf(seat)) ?? 0];
  return `Zone ${seat.zone} · row ${seat.row} · seat ${seat.number} · ${price} · ${status}`;
}
