import { useEffect, useRef, useState } from 'preact/hooks';
import { frontrow } from '../frontrow.ts';
import { logIn } from '../log-in.ts';
import { LogIn } from '../login.tsx';
import { Masthead } from '../masthead.tsx';
import { openingOf } from '../opening.ts';
import { texts } from '../texts/texts.ts';
import { EventLine, type WaitedFor } from './event-line.tsx';
import { Leave } from './leave.tsx';
import { OwnText, type Site, SiteMasthead } from './site.tsx';
import { Standing } from './standing.tsx';
import { tabTitleOf } from './text.ts';
import { createTurnSignal, type TurnSignal } from './turn-signal.ts';
import { TurnSignalOffer } from './turn-signal-offer.tsx';
import { useLater } from './use-later.ts';
import { createVisit } from './visit.ts';
import { Announcer, Checking, headingOfVisit, Refusal, TroubleNotice } from './visit-parts.tsx';
import type { Visit, VisitorView } from './visit-state.ts';

type Room = ReturnType<typeof createVisit>;

/** The event of the page, and the site that it stands in front of. */
type Opening = WaitedFor & Site;

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
  const [event] = useState(() => openingOf<Opening>());
  const { title, logo, ownText } = event ?? {};
  const [turnSignal] = useState(createTurnSignal);
  useEffect(() => turnSignal.stop, []);
  const isTurn = view?.status === 'your_turn';
  useEffect(() => {
    if (isTurn) turnSignal.give(event?.name ?? '');
  }, [isTurn]);
  useEffect(() => {
    document.title = tabTitleOf(view, title);
  }, [view]);

  /** A button that is removed loses the focus: it moves to the heading. */
  const act = async (action: Promise<void>) => {
    await action;
    heading.current?.focus();
  };
  const isFound = visit.state !== 'joining' || visit.trouble !== undefined; // nothing is drawn above the text later
  return (
    <>
      {title === undefined ? <Masthead where={texts.wait.waitingRoom} /> : <SiteMasthead title={title} logo={logo} />}
      <main class={view?.status}>
        <Announcer view={view} />
        {event !== undefined && <EventLine event={event} />}
        <h1 ref={heading} tabIndex={-1}>
          {headingOfVisit(visit)}
        </h1>
        {room !== undefined && <VisitState {...{ eventId, visit, room, act, site: event ?? {} }} />}
        {ownText !== undefined && isFound && <OwnText {...ownText} />}
        {room !== undefined && view !== undefined && (
          <InRoomFooter {...{ eventId, view, room, act, turnSignal, leadsToSite: isOfSite(event ?? {}) }} />
        )}
      </main>
      {title !== undefined && <footer class="by-line">{texts.wait.byFrontrow}</footer>}
    </>
  );
}

type Act = (action: Promise<void>) => Promise<void>;

/** Whether the visitor came from a site, and wants to return there. */
const hasReturnAddress = new URLSearchParams(location.search).has('return');

/** Whether visitors go on to a site, and not to seats. */
const isOfSite = ({ sites, hasSeats = true }: Site): boolean => sites !== undefined || hasReturnAddress || !hasSeats;

const loadToSite = async () => (await import('./to-site.tsx')).ToSite;

type StateProps = { eventId: number; visit: Visit; room: Room; act: Act; site: Site };

/** The visit, state by state. */
function VisitState({ eventId, visit, room, act, site }: StateProps) {
  const joinAgain = () => void act(room.joinAgain());
  const leadsToSite = isOfSite(site);
  const ToSite = useLater(leadsToSite ? loadToSite : undefined);
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
      const hasPlace = isInLine(view) || view.status === 'your_turn';
      const { status } = view;
      const { visitorToken } = room;
      const otherwise = site.hasSeats === false ? null : <ToSeats eventId={eventId} />;
      const toSite = ToSite && <ToSite {...{ eventId, site, status, visitorToken, joinAgain, otherwise }} />;
      const onward = leadsToSite ? toSite : otherwise;
      return (
        <>
          <Standing {...{ onward, leadsToSite, view, progress, joinAgain }} clock={frontrow.now} />
          {trouble !== undefined && <TroubleNotice trouble={trouble} hasPlace={hasPlace} />}
        </>
      );
    }
  }
}

const isInLine = ({ status }: VisitorView): boolean => status === 'waiting' || status === 'before_sale';

const ToSeats = ({ eventId }: { eventId: number }) => (
  <a class="action" href={`/events/${eventId}`}>
    {texts.wait.choose}
  </a>
);

type FooterProps = {
  eventId: number;
  view: VisitorView;
  room: Room;
  act: Act;
  turnSignal: TurnSignal;
  leadsToSite: boolean;
};

/** The signal of the visitor's turn, and the ways out of the line. Of a site there are no bookings to see here. */
function InRoomFooter({ eventId, view, room, act, turnSignal, leadsToSite }: FooterProps) {
  const hasBookings = !leadsToSite && view.status !== 'your_turn' && view.status !== 'open';
  return (
    <>
      {isInLine(view) && <TurnSignalOffer turnSignal={turnSignal} />}
      {isInLine(view) && <InLineFooter isDurable={room.isDurable} leave={() => act(room.leave())} />}
      {hasBookings && <ToBookings eventId={eventId} />}
    </>
  );
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
