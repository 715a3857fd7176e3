import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventView } from '../../../../shared/contract/events.ts';
import { type House, labelOf, type Seat } from '../../../house/house.ts';
import { PlanKey } from '../../../plan/plan-key.tsx';
import { layOutPlan } from '../../../plan/plan-layout.ts';
import { createPlanView, type PlanView } from '../../../plan/plan-view.ts';
import { seatLines } from './seat-words.ts';

const HOW = 'Plan of the house. Arrow keys move it, plus and minus zoom, 0 shows all.';

const STATUS = ['free', 'held', 'sold', 'blocked'] as const;

type Props = {
  event: EventView;
  house: House;
  picked: readonly string[];
  /** Without it, seats cannot be chosen. */
  choose?: (label: string) => void;
  /** A click on a zone from afar chooses it; else it shows its seats. */
  choosesZones?: boolean;
  /** The sentence that tells where the same is without a canvas. */
  same: string;
};

/** A house on a canvas. Fields beside it do the same without a canvas. */
export function OperatorPlan({ event, house, picked, choose, choosesZones = false, same }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<PlanView>();
  const [pointed, setPointed] = useState<Seat>();
  const plan = useMemo(() => layOutPlan(house.zones, event.rings), [house, event]);
  const latest = useRef({ choose, choosesZones });
  latest.current = { choose, choosesZones };
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const created = createPlanView(canvas.current, plan, house, {
      seatChosen: (seat) => latest.current.choose?.(seat),
      zoneChosen: (zone) =>
        latest.current.choosesZones
          ? latest.current.choose?.(labelOf({ zone, row: 1, number: 1 }))
          : created.showZone(zone),
      pointedAt: setPointed,
    });
    setView(created);
    return created.stop;
  }, [plan, house]);
  useEffect(() => view?.mark({ picked: new Set(picked) }), [view, picked]);
  const status = pointed && house.statusOf(labelOf(pointed));
  return (
    <div class="operator-plan">
      <canvas ref={canvas} tabIndex={0} role="img" aria-label={`${HOW} ${same}`} />
      <div class="buttons">
        <button type="button" class="step" aria-label="Zoom in" onClick={() => view?.zoomIn()}>
          +
        </button>
        <button type="button" class="step" aria-label="Zoom out" onClick={() => view?.zoomOut()}>
          −
        </button>
        <button type="button" class="plain" onClick={() => view?.showAll()}>
          Show all
        </button>
        <span class="soft" aria-hidden="true">
          {pointed === undefined || status === undefined
            ? `A click on a zone ${choosesZones ? 'chooses it' : 'shows its seats'}.`
            : `${seatLines(house, [labelOf(pointed)])}: ${STATUS[status]}`}
        </span>
      </div>
      <PlanKey
        house={house}
        currency={event.currency}
        counts={house.counts()}
        mine={undefined}
        hasOffers={false}
        filter={undefined}
        connection={undefined}
      />
    </div>
  );
}
