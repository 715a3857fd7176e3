import { useEffect, useRef, useState } from 'preact/hooks';
import { frontrow } from '../frontrow.ts';
import { logIn } from '../log-in.ts';
import { LogIn } from '../login.tsx';
import { Masthead } from '../masthead.tsx';
import { openingOf } from '../opening.ts';
import { texts } from '../texts/texts.ts';
import { EventLine, type WaitedFor } from './event-line.tsx';
import { Leave } from './leave.tsx';
import { Standing } from './standing.tsx';
import { tabTitleOf } from './text.ts';
import { createTurnSignal, type TurnSignal } from './turn-signal.ts';
import { TurnSignalOffer } from './turn-signal-offer.tsx';
import { createVisit } from './visit.ts';
import { Announcer, Checking, headingOfVisit, Refusal, TroubleNotice } from './visit-parts.tsx';
import type { Visit } from './visit-state.ts';

type Room = ReturnType<typeof createVisit>;

/** `/events/:id/wait`: joins the line, and shows the visitor's place until it is their turn. */
export function WaitPage({ eventId }: { eventId: number }) {
  const [visit, setVisit] = useState<Visit>({ state: 'joining' });
  const [room, setRoom] = useState<Room>();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const created = createVisit(frontrow, eventId, setVisit);
    setRoom(created);
    return created.stop;
  }, [eventId]);
  const view = visit.state === 'inRoom' ? visit.view : undefined;
  const [event] = useState(() => openingOf<WaitedFor>());
  const [turnSignal] = useState(createTurnSignal);
  useEffect(() => turnSignal.stop, []);
  const isTurn = view?.status === 'your_turn';
  useEffect(() => {
    if (isTurn) turnSignal.give(event?.name ?? '');
  }, [isTurn]);
  useEffect(() => {
    document.title = tabTitleOf(view);
  }, [view]);

  /** A button that is removed loses the focus: it moves to the heading. */
  const act = async (action: Promise<void>) => {
    await action;
    heading.current?.focus();
  };
  return (
    <>
      <Masthead where={texts.wait.waitingRoom} />
      <main class={view?.status}>
        <Announcer view={view} />
        {event !== undefined && <EventLine event={event} />}
        <h1 ref={heading} tabIndex={-1}>
          {headingOfVisit(visit)}
        </h1>
        {room !== undefined && <VisitState {...{ eventId, visit, room, act, turnSignal }} />}
      </main>
    </>
  );
}

type Act = (action: Promise<void>) => Promise<void>;

type StateProps = { eventId: number; visit: Visit; room: Room; act: Act; turnSignal: TurnSignal };

/** The visit, state by state. */
function VisitState({ eventId, visit, room, act, turnSignal }: StateProps) {
  switch (visit.state) {
    case 'joining':
      return visit.trouble === undefined ? null : <TroubleNotice trouble={visit.trouble} hasPlace={false} />;
    case 'checking':
      return <Checking workDone={visit.workDone} />;
    case 'refused':
      return visit.needsLogin ? (
        <LogInToJoin join={() => act(room.retry())} />
      ) : (
        <Refusal problem={visit.problem} retry={() => void act(room.retry())} />
      );
    case 'inRoom': {
      const { view, progress, trouble } = visit;
      const isInLine = view.status === 'waiting' || view.status === 'before_sale';
      return (
        <>
          <Standing
            {...{ eventId, view, progress }}
            clock={frontrow.now}
            joinAgain={() => void act(room.joinAgain())}
          />
          {trouble !== undefined && (
            <TroubleNotice trouble={trouble} hasPlace={isInLine || view.status === 'your_turn'} />
          )}
          {isInLine && <TurnSignalOffer turnSignal={turnSignal} />}
          {isInLine && <InLineFooter isDurable={room.isDurable} leave={() => act(room.leave())} />}
          {view.status !== 'your_turn' && view.status !== 'open' && <ToBookings eventId={eventId} />}
        </>
      );
    }
  }
}

function LogInToJoin({ join }: { join: () => Promise<void> }) {
  const [problem, setProblem] = useState<string>();
  return (
    <LogIn
      title={texts.wait.logIn}
      problem={problem}
      logIn={async (email, password) => {
        const failure = await logIn(email, password);
        setProblem(failure);
        if (failure === undefined) await join();
      }}
    />
  );
}

const InLineFooter = ({ isDurable, leave }: { isDurable: boolean; leave: () => Promise<void> }) => (
  <footer>
    <p>{isDurable ? texts.wait.kept : texts.wait.notKept}</p>
    <Leave leave={leave} />
  </footer>
);

/** Bookings need no turn: they are seen without one. */
const ToBookings = ({ eventId }: { eventId: number }) => (
  <p>
    <a href={`/events/${eventId}?bookings`}>{texts.wait.seeBookings}</a>
  </p>
);
