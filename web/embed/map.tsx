import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Core, createCore } from '../../client/src/core.ts';
import type { SeatsConnection } from '../../client/src/index.ts';
import { noticeText } from '../event/notice.ts';
import { type Picks, picksWithout, toggled } from '../event/picks.ts';
import { SeatList } from '../event/seat-list.tsx';
import { capitalised } from '../format.ts';
import { CODE, maxSeatsOf } from '../house/house.ts';
import { NO_SEATS } from '../house/own-seats.ts';
import { litClasses } from '../house/price-classes.ts';
import { totalOf } from '../house/prices.ts';
import { idsText } from '../house/text.ts';
import { useCounts } from '../house/use-counts.ts';
import { priceText } from '../money.ts';
import { HousePlan } from '../plan/house-plan.tsx';
import type { PlanView } from '../plan/plan-view.ts';
import { refusalText } from '../refusal-text.ts';
import { locale } from '../texts/locale.ts';
import { texts } from '../texts/texts.ts';
import type { Place } from './element.ts';
import { followHouse, type OpenHouse } from './follow-house.ts';
import style from './map.css?inline';
import { prepare } from './prepare.ts';

type Report = (seats: readonly string[], labels: readonly string[]) => void;

export type MapDrawing = Awaited<ReturnType<typeof drawMap>>;

/** Draws the seats of an event. `report` is called with the picked seats and their names. */
export async function drawMap(place: Place, picked: readonly string[], report: Report) {
  const { root, eventId, baseUrl } = place;
  await prepare(place, style);
  const client = createCore({ baseUrl });
  const view: { current: PlanView | undefined } = { current: undefined };
  const onView = (created: PlanView) => {
    view.current = created;
  };
  const pick = (wanted: readonly string[]) =>
    render(<EventSeats {...{ client, eventId, wanted, report, onView }} />, root);
  pick(picked);
  return {
    pick,
    recolour: () => view.current?.recolour(),
    stop(): void {
      render(null, root);
      client.close();
    },
  };
}

type Props = {
  /** The seats that the site has set last. */
  wanted: readonly string[];
  report: Report;
  onView: (view: PlanView) => void;
};

function EventSeats({ client, eventId, ...props }: Props & { client: Core; eventId: number }) {
  const [open, setOpen] = useState<OpenHouse>();
  const [connection, setConnection] = useState<SeatsConnection>('connecting');
  const [problem, setProblem] = useState<string>();
  useEffect(
    () =>
      followHouse(client, eventId, {
        opened: setOpen,
        connection: setConnection,
        refused: (fault) => setProblem(refusalText(fault.problem)),
      }),
    [client, eventId],
  );
  return (
    <div class="frontrow" lang={locale}>
      {problem !== undefined && (
        <p class="notice" role="alert">
          {problem}
        </p>
      )}
      {problem === undefined && open === undefined && (
        <p class="hint" role="status">
          {connection === 'lost' ? texts.plan.notLoaded : texts.plan.loading}
        </p>
      )}
      {open !== undefined && <Seats {...open} {...props} connection={connection} />}
    </div>
  );
}

function Seats({
  event,
  house,
  wanted,
  report,
  onView,
  connection,
}: Props & OpenHouse & { connection: SeatsConnection }) {
  const counts = useCounts(house);
  const [picks, setPicks] = useState<Picks>({ seats: [] });
  const [zone, setZone] = useState<number>();
  const [priceClass, choosePrice] = useState<number>();
  const view = useRef<PlanView>(undefined);
  const most = maxSeatsOf(event);
  const isFree = (label: string) => house.statusOf(label) === CODE.AVAILABLE;
  const dropTaken = () => setPicks((last) => picksWithout(last, (label) => !isFree(label)));
  useEffect(() => setPicks({ seats: [...new Set(wanted)].filter(isFree).slice(0, most) }), [wanted]);
  useEffect(() => {
    dropTaken(); // the house may be another one than before
    return house.listen(dropTaken);
  }, [house]);
  const { seats: picked, notice } = picks;
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current)
      report(
        picked,
        picked.map((label) => capitalised(idsText(house, [label]))),
      );
    isFirst.current = false; // the seats that the site has set are picked with the next draw
  }, [picked]);
  const toggle = (label: string) => setPicks(toggled(picks, label, isFree, most));
  const showZone = (shown: number | undefined) => {
    setZone(shown);
    if (shown === undefined) view.current?.showAll();
    else view.current?.showZone(shown);
  };
  const lit = litClasses(house.priceClasses, { priceClass });
  return (
    <>
      <HousePlan
        {...{ house, event, picked, counts, toggle, showZone, connection, filter: { lit, choose: choosePrice } }}
        onView={(created) => {
          view.current = created;
          onView(created);
        }}
      />
      <div class="panel">
        <p class="notice" role="status">
          {notice && noticeText(house, notice, NO_SEATS)}
        </p>
        <p class="picked" role="status">
          {picked.length > 0 &&
            `${capitalised(idsText(house, picked))} · ${priceText(totalOf(house, picked), event.currency)}`}
        </p>
        <SeatList {...{ event, house, toggle, showZone, choice: { picked, zone, lit, choosePrice } }} mine={NO_SEATS} />
      </div>
    </>
  );
}
