import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { SeatsConnection } from '../../client/src/index.ts';
import type { EventView } from '../../shared/contract/events.ts';
import type { House, Seat } from '../house/house.ts';
import { NO_SEATS, type OwnSeats } from '../house/own-seats.ts';
import { texts } from '../texts/texts.ts';
import { PlanKey, type PriceFilter } from './plan-key.tsx';
import { layOutPlan } from './plan-layout.ts';
import type { Detail } from './plan-painter.ts';
import { createPlanView, type PlanView } from './plan-view.ts';
import { hintText, pointedText } from './pointed-text.ts';

type Props = {
  house: House;
  event: Pick<EventView, 'rings' | 'currency'>;
  picked: readonly string[];
  toggle: (label: string) => void;
  showZone: (zone: number | undefined) => void;
  counts: readonly number[];
  onView: (view: PlanView) => void;
  /** Of a sale: this buyer's seats, seats offered instead of refused ones, and the prices to show. */
  mine?: OwnSeats;
  offers?: readonly string[];
  filter?: PriceFilter;
  /** Below the plan while nothing is pointed at; undefined: how to choose. */
  hint?: string | undefined;
  connection?: SeatsConnection;
};

const NO_OFFERS: readonly string[] = [];

/** The house on a canvas, with its key. The list of seats offers the same without a canvas. */
export function HousePlan(props: Props) {
  const { house, picked, counts, event, onView, mine, offers = NO_OFFERS, filter, hint, connection } = props;
  const lit = filter?.lit;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<PlanView>();
  const [pointed, setPointed] = useState<Seat>();
  const [detail, setDetail] = useState<Detail>('zones');
  const plan = useMemo(() => layOutPlan(house.zones, event.rings), [house, event]);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    if (canvas.current === null) return;
    const created = createPlanView(canvas.current, plan, house, {
      seatChosen: (label) => latest.current.toggle(label),
      zoneChosen: (zone) => latest.current.showZone(zone),
      pointedAt: setPointed,
      detailChanged: setDetail,
    });
    setView(created);
    onView(created);
    return created.stop;
  }, [plan, house]);
  useEffect(
    () => view?.mark({ mine: mine ?? NO_SEATS, picked: new Set(picked), offers, lit }),
    [view, mine, picked, offers, lit],
  );
  const text =
    pointed === undefined
      ? (hint ?? hintText(detail, matchMedia('(pointer: coarse)').matches))
      : pointedText(house, pointed, detail, mine ?? NO_SEATS, event.currency);
  return (
    <section class="plan" aria-label={texts.plan.name}>
      <div class="stage">
        <canvas ref={canvas} tabIndex={0} role="img" aria-label={texts.plan.canvas} />
        <div class="plan-bar">
          <p class="pointed" aria-hidden="true">
            {text}
          </p>
          <Zoom view={view} showAll={() => props.showZone(undefined)} />
        </div>
      </div>
      <PlanKey
        house={house}
        currency={event.currency}
        counts={counts}
        mine={mine}
        hasOffers={offers.length > 0}
        filter={filter}
        connection={connection}
      />
    </section>
  );
}

const Zoom = ({ view, showAll }: { view: PlanView | undefined; showAll: () => void }) => (
  <div class="zoom">
    <button type="button" aria-label={texts.plan.zoomIn} onClick={() => view?.zoomIn()}>
      +
    </button>
    <button type="button" aria-label={texts.plan.zoomOut} onClick={() => view?.zoomOut()}>
      −
    </button>
    <button type="button" class="all" onClick={showAll}>
      {texts.plan.all}
    </button>
  </div>
);

type PlaceholderProps = Required<Pick<Props, 'house' | 'event' | 'counts' | 'mine' | 'filter' | 'connection'>>;

/** The plan before its first map: as large as it will be, so that nothing moves when it comes. */
export const PlanPlaceholder = ({ house, event, counts, mine, filter, connection }: PlaceholderProps) => (
  <section class="plan" aria-label={texts.plan.name}>
    <div class="stage">
      <div class="canvas" />
      <div class="plan-bar">
        <p class="pointed" role="status">
          {connection === 'lost' ? texts.plan.notLoaded : texts.plan.loading}
        </p>
      </div>
    </div>
    <PlanKey {...{ house, counts, mine, filter, connection }} currency={event.currency} hasOffers={false} />
  </section>
);
