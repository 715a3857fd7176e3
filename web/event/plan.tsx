import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import { numberInWords } from '../words.ts';
import { bowl } from './bowl.ts';
import { CODE, type House, labelOf, type Seat } from './house.ts';
import type { Connection } from './live.ts';
import { createView, type View } from './view.ts';
import { freeInWords, priceInWords } from './words.ts';

const STATUS_WORDS = ['free', 'held by somebody', 'sold', 'not for sale'];

const CONNECTION_WORDS: Record<Connection, string> = {
  connecting: 'Connecting',
  live: 'Live',
  polling: 'Every 2 seconds',
  lost: 'Out of reach',
};

type Props = {
  house: House;
  mine: string[];
  picked: string[];
  choose: (label: string) => void;
  lookAt: (zone: number | undefined) => void;
  connection: Connection;
  counts: number[];
  event: EventView;
  onView: (view: View) => void;
};

/** The house on a canvas, with its legend. Whoever does not see it finds everything in the list of seats. */
export function HousePlan(props: Props) {
  const { house, mine, picked, connection, counts, event, onView } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<View>();
  const [pointed, setPointed] = useState<Seat>();
  const [isNear, setNear] = useState(false);
  const plan = useMemo(() => bowl(house.zones, event.rings), [house, event]);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    if (canvas.current === null) return;
    const created = createView(canvas.current, plan, house, {
      choose: (label) => latest.current.choose(label),
      zone: (zone) => latest.current.lookAt(zone),
      point: setPointed,
      near: setNear,
    });
    setView(created);
    onView(created);
    return created.stop;
  }, [plan, house]);
  useEffect(() => view?.mark(mine, picked), [view, mine, picked]);
  return (
    <section class="plan" aria-label="Plan of the house">
      <div class="stage">
        <canvas
          ref={canvas}
          tabIndex={0}
          role="img"
          aria-label="Plan of the house. Arrow keys move it, plus and minus zoom, 0 shows all. The list of seats has the same to choose from."
        />
        <div class="zoom">
          <button type="button" aria-label="Zoom in" onClick={() => view?.nearer()}>
            +
          </button>
          <button type="button" aria-label="Zoom out" onClick={() => view?.farther()}>
            −
          </button>
          <button type="button" class="all" onClick={() => props.lookAt(undefined)}>
            All
          </button>
        </div>
        {(pointed !== undefined || !isNear) && (
          <p class="pointed" aria-hidden="true">
            {pointed === undefined
              ? 'Choose a zone to see its seats'
              : pointedInWords(house, pointed, isNear, event.currency)}
          </p>
        )}
      </div>
      <ul class="legend">
        <Key name="free" words={`Free ${numberInWords(counts[CODE.AVAILABLE] ?? 0)}`} />
        <Key name="held" words={`Held ${numberInWords(counts[CODE.HELD] ?? 0)}`} />
        <Key name="sold" words={`Sold ${numberInWords(counts[CODE.SOLD] ?? 0)}`} />
        {picked.length > 0 && <Key name="picked" words="Picked" />}
        {mine.length > 0 && <Key name="mine" words="Yours" />}
        <li class={`connection ${connection}`}>
          <span role="status">{CONNECTION_WORDS[connection]}</span>
        </li>
      </ul>
    </section>
  );
}

const Key = ({ name, words }: { name: string; words: string }) => (
  <li>
    <i class={`key ${name}`} />
    {words}
  </li>
);

function pointedInWords(house: House, seat: Seat, isNear: boolean, currency: string): string {
  const zone = house.zone(seat.zone);
  if (zone === undefined) return '';
  const price = priceInWords(zone.price, currency);
  if (!isNear) return `Zone ${seat.zone} · ${price} · ${freeInWords(zone.counts)}`;
  const status = STATUS_WORDS[house.statusOf(labelOf(seat)) ?? 0];
  return `Zone ${seat.zone} · row ${seat.row} · seat ${seat.number} · ${price} · ${status}`;
}
