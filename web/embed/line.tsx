import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Core, createCore } from '../../client/src/core.ts';
import { isStorageDurable, pageStorage } from '../storage.ts';
import { locale } from '../texts/locale.ts';
import { texts } from '../texts/texts.ts';
import { Leave } from '../wait/leave.tsx';
import { Standing } from '../wait/standing.tsx';
import { createVisit } from '../wait/visit.ts';
import { Announcer, Checking, headingOfVisit, Refusal, TroubleNotice } from '../wait/visit-parts.tsx';
import type { Visit, VisitorView } from '../wait/visit-state.ts';
import type { Place } from './element.ts';
import style from './line.css?inline';
import { prepare } from './prepare.ts';

/** The visit as the site gets it. `status`: of the visitor in line, or why there is none yet. */
export type LineState = {
  status: VisitorView['status'] | Exclude<Visit['state'], 'inRoom'>;
  position?: number | undefined;
  ahead?: number | undefined;
  waitSeconds?: number | undefined;
  admission?: VisitorView['admission'] | undefined;
};

export type LineDrawing = Awaited<ReturnType<typeof drawLine>>;

type Room = ReturnType<typeof createVisit>;

/** Draws a visitor's place in the line of an event. `report` is called with each change. */
export async function drawLine(place: Place, token: () => string | undefined, report: (state: LineState) => void) {
  const { root, eventId, baseUrl } = place;
  await prepare(place, style);
  const client = createCore({ baseUrl, token, storage: pageStorage });
  const room: { current: Room | undefined } = { current: undefined };
  const changed = (visit: Visit) => report(stateOf(visit));
  const onRoom = (created: Room) => {
    room.current = created;
  };
  render(<Line {...{ client, eventId, changed, onRoom }} />, root);
  return {
    retry: () => room.current?.retry(),
    stop(): void {
      render(null, root);
      client.close();
    },
  };
}

function stateOf(visit: Visit): LineState {
  if (visit.state !== 'inRoom') return { status: visit.state };
  const { status, position, ahead, wait, admission } = visit.view;
  return { status, position, ahead, waitSeconds: wait?.seconds, admission };
}

type LineProps = {
  client: Core;
  eventId: number;
  changed: (visit: Visit) => void;
  onRoom: (room: Room) => void;
};

function Line({ client, eventId, changed, onRoom }: LineProps) {
  const [visit, setVisit] = useState<Visit>({ state: 'joining' });
  const [room, setRoom] = useState<Room>();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const created = createVisit(client, eventId, (next) => {
      setVisit(next);
      changed(next);
    });
    setRoom(created);
    onRoom(created);
    return created.stop;
  }, [client, eventId]);
  /** A button that is removed loses the focus: it moves to the heading. */
  const act = (action: () => unknown) => {
    heading.current?.focus();
    return action();
  };
  return (
    <div class="frontrow" lang={locale}>
      <Announcer view={visit.state === 'inRoom' ? visit.view : undefined} />
      <h2 ref={heading} tabIndex={-1}>
        {headingOfVisit(visit)}
      </h2>
      {room !== undefined && (
        <InVisit
          visit={visit}
          clock={client.now}
          retry={() => act(room.retry)}
          joinAgain={() => act(room.joinAgain)}
          leave={() => room.leave().then(() => heading.current?.focus())}
        />
      )}
    </div>
  );
}

type VisitProps = {
  visit: Visit;
  clock: () => number;
  retry: () => void;
  joinAgain: () => void;
  leave: () => Promise<void>;
};

/** The visit, state by state. */
function InVisit({ visit, clock, retry, joinAgain, leave }: VisitProps) {
  switch (visit.state) {
    case 'joining':
      return visit.trouble === undefined ? null : <TroubleNotice trouble={visit.trouble} hasPlace={false} />;
    case 'checking':
      return <Checking workDone={visit.workDone} />;
    case 'refused':
      return <Refusal problem={visit.problem} retry={retry} />;
    case 'inRoom': {
      const { view, progress, trouble } = visit;
      const isInLine = view.status === 'waiting' || view.status === 'before_sale';
      return (
        <>
          <Standing {...{ view, progress, clock, joinAgain }} />
          {trouble !== undefined && (
            <TroubleNotice trouble={trouble} hasPlace={isInLine || view.status === 'your_turn'} />
          )}
          {isInLine && (
            <footer>
              <p>{isStorageDurable ? texts.wait.kept : texts.wait.notKept}</p>
              <Leave leave={leave} />
            </footer>
          )}
        </>
      );
    }
  }
}
