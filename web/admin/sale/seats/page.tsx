import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { SeatsConnection } from '../../../../client/src/index.ts';
import type { EventView } from '../../../../shared/contract/events.ts';
import { CODE, type House } from '../../../house/house.ts';
import type { Operator } from '../../operator-client.ts';
import type { PageProps } from '../../page-props.ts';
import { formatFigure } from '../../text.ts';
import { useRead } from '../../use-read.ts';
import { EventLinks } from '../events/event-links.tsx';
import { MissingScope } from '../kit/missing-scope.tsx';
import { OperatorPlan } from '../kit/operator-plan.tsx';
import { ReadFault } from '../kit/read-fault.tsx';
import { seatLines } from '../kit/seat-words.ts';
import { useLiveHouse } from '../kit/use-house.ts';
import { BlockActs } from './block-acts.tsx';
import { type ByStatus, byStatus, seatsOfClick, toggled, type Way } from './choice.ts';
import { SeatFields } from './seat-fields.tsx';
import { SeatHistory } from './seat-history.tsx';
import { SellBlocked } from './sell-blocked.tsx';

/** `/admin#/events/:id/seats`: blocks and releases seats, on the plan or by their numbers. */
export function SeatsPage({ operator, id }: PageProps) {
  const { answer: event, fault, readAgain } = useRead<EventView>(operator, `/api/events/${id}`);
  useEffect(() => {
    document.title = `Seats of ${event?.name ?? `event ${id}`} · Frontrow`;
  }, [event, id]);
  if (event === undefined) return <ReadFault title={`Seats of event ${id}`} fault={fault} />;
  return <Seats key={event.id} operator={operator} event={event} houseChanged={readAgain} />;
}

const CONNECTIONS: Record<SeatsConnection, string> = {
  connecting: 'Loading the seats …',
  live: 'Live.',
  polling: 'Read every 2 seconds.',
  lost: 'The connection is lost: these seats may be old. Trying again.',
};

const WAYS: readonly (readonly [Way, string])[] = [
  ['seat', 'that seat'],
  ['row', 'its row'],
  ['zone', 'its zone'],
  ['rectangle', 'a rectangle, by two corners'],
];

type SeatsProps = { operator: Operator; event: EventView; houseChanged: () => void };

function Seats({ operator, event, houseChanged }: SeatsProps) {
  const { house, connection, version } = useLiveHouse(event, houseChanged);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [way, setWay] = useState<Way>('seat');
  const corner = useRef<string>(undefined);
  const chosenByStatus = useMemo(() => byStatus(house, chosen), [house, version, chosen]);
  const picked = useMemo(() => [...chosen], [chosen]);
  const add = (labels: readonly string[]) => setChosen((last) => new Set([...last, ...labels]));

  /** The first corner of a rectangle is chosen alone, so that it can be seen. */
  function click(label: string): void {
    const from = way === 'rectangle' ? corner.current : undefined;
    corner.current = way === 'rectangle' && from === undefined ? label : undefined;
    const labels = seatsOfClick(house, way, label, from);
    if (way === 'rectangle') add(labels);
    else setChosen((last) => toggled(last, labels));
  }

  const [free = 0, held = 0, sold = 0, blocked = 0] = house.counts();
  return (
    <>
      <h1>Seats of {event.name}</h1>
      <EventLinks id={event.id} here="seats" />
      <p class="soft">
        <span role="status">{CONNECTIONS[connection]}</span> {formatFigure(free)} free, {formatFigure(held)} held,{' '}
        {formatFigure(sold)} sold, {formatFigure(blocked)} blocked: small squares on the plan.
      </p>
      <section aria-label="Choose seats">
        <fieldset class="ways">
          <legend>A click on a seat of the plan chooses</legend>
          {WAYS.map(([value, text]) => (
            <label key={value}>
              <input
                type="radio"
                name="way"
                checked={way === value}
                onChange={() => {
                  corner.current = undefined;
                  setWay(value);
                }}
              />
              {text}
            </label>
          ))}
        </fieldset>
        <OperatorPlan
          event={event}
          house={house}
          picked={picked}
          choose={click}
          choosesZones={way === 'zone'}
          same="The fields below choose the same seats."
        />
        <SeatFields house={house} add={add} />
      </section>
      <Chosen house={house} chosen={chosen} byStatus={chosenByStatus} clear={() => setChosen(new Set())} add={add} />
      {operator.can('operate') ? (
        <>
          <BlockActs operator={operator} eventId={event.id} house={house} byStatus={chosenByStatus} />
          <SellBlocked operator={operator} eventId={event.id} blocked={chosenByStatus.blocked} />
        </>
      ) : (
        <MissingScope scope="operate" act="Blocking and releasing seats" />
      )}
      <SeatHistory
        operator={operator}
        eventId={event.id}
        timeZone={event.timeZone}
        seat={picked.length === 1 ? picked[0] : undefined}
      />
    </>
  );
}

/** Lines of chosen seats that the page shows. */
const SHOWN_LINES = 12;

type ChosenProps = {
  house: House;
  chosen: ReadonlySet<string>;
  byStatus: ByStatus;
  clear: () => void;
  add: (labels: readonly string[]) => void;
};

/** The seats that are chosen, in words, with what they are. */
function Chosen({ house, chosen, byStatus: { free, held, sold, blocked }, clear, add }: ChosenProps) {
  const lines = useMemo(() => seatLines(house, chosen), [house, chosen]);
  const blockedCount = house.counts()[CODE.BLOCKED] ?? 0;
  return (
    <section aria-label="Chosen seats">
      <div role="status">
        <h2>{chosen.size === 1 ? '1 seat chosen' : `${formatFigure(chosen.size)} seats chosen`}</h2>
      </div>
      {chosen.size > 0 && (
        <p>
          {formatFigure(free.length)} free, {formatFigure(held.length)} held, {formatFigure(sold.length)} sold,{' '}
          {formatFigure(blocked.length)} blocked.
        </p>
      )}
      {lines.length > 0 && (
        <ul>
          {lines.slice(0, SHOWN_LINES).map((line) => (
            <li key={line}>{line}</li>
          ))}
          {lines.length > SHOWN_LINES && <li>and {lines.length - SHOWN_LINES} rows more</li>}
        </ul>
      )}
      <div class="buttons">
        {chosen.size > 0 && (
          <button type="button" class="plain" onClick={clear}>
            Choose none
          </button>
        )}
        {blockedCount > 0 && (
          <button type="button" class="plain" onClick={() => add(allBlocked(house))}>
            Choose all {formatFigure(blockedCount)} blocked
          </button>
        )}
      </div>
    </section>
  );
}

const allBlocked = (house: House): string[] =>
  house.zones.flatMap(({ zone }) => byStatus(house, seatsOfClick(house, 'zone', `${zone}-1-1`)).blocked);
