import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Countdown } from '../countdown.tsx';
import { formatNumber } from '../format.ts';
import { LogIn } from '../login.tsx';
import { Masthead } from '../masthead.tsx';
import { logIn } from '../requests.ts';
import { momentText } from '../times.ts';
import { type Announcement, announce, headingOf, peopleText, rangeText, tabTitleOf, waitText } from './text.ts';
import { createVisit } from './visit.ts';
import type { Trouble, Visit, VisitorView } from './visit-state.ts';

type Room = ReturnType<typeof createVisit>;

/** `/events/:id/wait`: joins the line, and shows the visitor's place until it is their turn. */
export function WaitPage({ eventId }: { eventId: number }) {
  const [visit, setVisit] = useState<Visit>({ state: 'joining' });
  const [room, setRoom] = useState<Room>();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const created = createVisit(eventId, setVisit);
    setRoom(created);
    return created.stop;
  }, [eventId]);
  const view = visit.state === 'inRoom' ? visit.view : undefined;
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
      <Masthead where={`Waiting room · Event ${eventId}`} />
      <main class={view?.status}>
        <Announcer view={view} />
        <h1 ref={heading} tabIndex={-1}>
          {headingOfVisit(visit)}
        </h1>
        {room !== undefined && <VisitState eventId={eventId} visit={visit} room={room} act={act} />}
      </main>
    </>
  );
}

type Act = (action: Promise<void>) => Promise<void>;

function headingOfVisit(visit: Visit): string {
  switch (visit.state) {
    case 'joining':
      return visit.trouble === undefined ? 'Finding your place' : 'The waiting room cannot be reached';
    case 'checking':
      return 'Checking your browser';
    case 'inRoom':
      return headingOf(visit.view.status);
    case 'refused':
      return 'No place in line';
  }
}

/** The visit, state by state. */
function VisitState({ eventId, visit, room, act }: { eventId: number; visit: Visit; room: Room; act: Act }) {
  switch (visit.state) {
    case 'joining':
      return visit.trouble === undefined ? null : <TroubleNotice trouble={visit.trouble} hasPlace={false} />;
    case 'checking':
      return <Checking workDone={visit.workDone} />;
    case 'refused':
      return visit.needsLogin ? (
        <LogInToJoin join={() => act(room.retry())} />
      ) : (
        <Refusal detail={visit.detail} retry={() => void act(room.retry())} />
      );
    case 'inRoom': {
      const { view, progress, trouble } = visit;
      const isInLine = view.status === 'waiting' || view.status === 'before_sale';
      return (
        <>
          <Standing eventId={eventId} view={view} progress={progress} joinAgain={() => void act(room.joinAgain())} />
          {trouble !== undefined && (
            <TroubleNotice trouble={trouble} hasPlace={isInLine || view.status === 'your_turn'} />
          )}
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
      title="Log in to stand in line"
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
    <p>
      {isDurable
        ? 'Keep this page open, or return to it in this browser: your place is saved.'
        : 'This browser stores no data of this site: a reload would lose your place.'}
    </p>
    <Leave leave={leave} />
  </footer>
);

/** Bookings need no turn: they are seen without one. */
const ToBookings = ({ eventId }: { eventId: number }) => (
  <p>
    <a href={`/events/${eventId}?bookings`}>See what you have booked</a>
  </p>
);

type StandingProps = { eventId: number; view: VisitorView; progress: number; joinAgain: () => void };

/** The visitor's place or turn, status by status. */
function Standing({ eventId, view, progress, joinAgain }: StandingProps) {
  switch (view.status) {
    case 'before_sale':
      return <BeforeSale view={view} />;
    case 'waiting':
      return <Waiting view={view} progress={progress} />;
    case 'your_turn':
      return <YourTurn eventId={eventId} view={view} />;
    case 'open':
      return (
        <>
          <p>There is no line at the moment.</p>
          <ToSeats eventId={eventId} />
        </>
      );
    case 'sold_out':
      return <p>Every seat is sold and confirmed, so waiting is of no use.</p>;
    case 'ended':
      return <p>It has ended or was cancelled: nothing is sold any more.</p>;
    case 'turn_passed':
    case 'left':
      return (
        <>
          <p>
            {view.status === 'left'
              ? 'Your place went to the next visitor in line.'
              : 'You did not use it in time, so it went to the next visitor in line.'}
          </p>
          <button type="button" class="action" onClick={joinAgain}>
            Join again
          </button>
        </>
      );
  }
}

/** The work that the line requires. Screen readers read the sentence once, and the bar only on request. */
const Checking = ({ workDone }: { workDone: number }) => (
  <>
    <p role="status">Each browser must solve a small task before it gets a place in line. It takes a few seconds.</p>
    <div class="bar" role="progressbar" aria-label="Work done" aria-valuenow={Math.floor(100 * workDone)}>
      <div style={{ transform: `scaleX(${workDone})`, transitionDuration: '0.2s' }} />
    </div>
  </>
);

function BeforeSale({ view: { onSaleAt, timeZone = 'UTC', paused, position, message } }: { view: VisitorView }) {
  return (
    <>
      {onSaleAt !== undefined && (
        <p class="figure">
          <Countdown until={onSaleAt} label="Time until the sale starts" />
          <span>
            until the sale starts
            <small>{momentText(onSaleAt, timeZone)}</small>
          </span>
        </p>
      )}
      <p>
        {position === undefined ? (
          <>
            Places are drawn at random when the sale starts, among all visitors who are here. Arriving earlier or
            reloading makes no difference.
          </>
        ) : (
          message
        )}
      </p>
      {paused && <Paused />}
    </>
  );
}

function Waiting({ view, progress }: { view: VisitorView; progress: number }) {
  const { ahead, position, wait, paused, stopped, message, likelySoldOut } = view;
  if (ahead === undefined) return <p>Your place is being drawn.</p>;
  const range = wait === undefined ? undefined : rangeText(wait.fromSeconds, wait.toSeconds);
  return (
    <>
      <p class="figure">
        <strong>{formatNumber(ahead)}</strong>
        <span>{ahead === 1 ? 'person' : 'people'} ahead of you</span>
      </p>
      <Bar progress={progress} text={`${peopleText(ahead)} ahead of you`} seconds={view.askAgainSeconds} />
      {stopped && <p class="notice">{message}</p>}
      {paused && <Paused />}
      {likelySoldOut && (
        <Notice title="Likely sold out">
          The remaining seats will probably be sold before your turn. You may stay in line: released seats become
          available again.
        </Notice>
      )}
      <dl>
        {wait !== undefined && !paused && (
          <div>
            <dt>Estimated wait</dt>
            <dd>
              {waitText(wait.seconds)}
              {range !== undefined && <small>probably {range}</small>}
            </dd>
          </div>
        )}
        {position !== undefined && (
          <div>
            <dt>Your place</dt>
            <dd>
              {formatNumber(position)}
              <small>it never changes</small>
            </dd>
          </div>
        )}
      </dl>
    </>
  );
}

const Paused = () => <Notice title="Paused">Nobody is admitted at the moment. Everybody keeps their place.</Notice>;

const Notice = ({ title, children }: { title: string; children: ComponentChildren }) => (
  <p class="notice">
    <strong>{title}.</strong> {children}
  </p>
);

/** A row of seats that fills. It moves to the current progress until the next answer is due. */
const Bar = ({ progress, text, seconds }: { progress: number; text: string; seconds: number }) => (
  <div
    class="bar"
    role="progressbar"
    aria-label="Your way to the front"
    aria-valuenow={Math.floor(100 * progress)}
    aria-valuetext={text}
  >
    <div style={{ transform: `scaleX(${progress})`, transitionDuration: `${seconds}s` }} />
  </div>
);

function YourTurn({ eventId, view }: { eventId: number; view: VisitorView }) {
  return (
    <>
      {view.admission !== undefined && (
        <p class="figure">
          <Countdown until={view.admission.expiresAt} label="Time left to choose" />
          <span>left to choose your seats</span>
        </p>
      )}
      <ToSeats eventId={eventId} />
    </>
  );
}

const ToSeats = ({ eventId }: { eventId: number }) => (
  <a class="action" href={`/events/${eventId}`}>
    Choose your seats
  </a>
);

const Refusal = ({ detail, retry }: { detail: string; retry: () => void }) => (
  <>
    <p role="alert">{detail}</p>
    <button type="button" class="action" onClick={retry}>
      Try again
    </button>
  </>
);

/** Announced once, when the trouble begins, and not for each retry. */
const TroubleNotice = ({ trouble, hasPlace }: { trouble: Trouble; hasPlace: boolean }) => (
  <p class="notice trouble" role="alert">
    <strong>{trouble === 'lost' ? 'Connection lost.' : 'The waiting room is busy.'}</strong>{' '}
    {hasPlace ? 'Your place is kept; trying again.' : 'Trying again.'}
  </p>
);

/** A button to leave the line, and a question to confirm it. */
function Leave({ leave }: { leave: () => Promise<void> }) {
  const [isConfirming, setConfirming] = useState(false);
  const [hasFailed, setFailed] = useState(false);
  const leaveButton = useRef<HTMLButtonElement>(null);
  const stayButton = useRef<HTMLButtonElement>(null);
  const wasDrawn = useRef(false);
  useLayoutEffect(() => {
    if (wasDrawn.current) (isConfirming ? stayButton : leaveButton).current?.focus();
    wasDrawn.current = true;
  }, [isConfirming]);
  const confirm = (isAsked: boolean) => {
    setConfirming(isAsked);
    setFailed(false);
  };
  const giveUp = () => {
    setFailed(false);
    return leave().catch(() => setFailed(true));
  };
  if (!isConfirming) {
    return (
      <button type="button" class="quiet" ref={leaveButton} onClick={() => confirm(true)}>
        Leave the line
      </button>
    );
  }
  return (
    <fieldset class="question" onKeyDown={(e) => e.key === 'Escape' && confirm(false)}>
      <legend>Give up your place for good?</legend>
      <button type="button" class="quiet" ref={stayButton} onClick={() => confirm(false)}>
        Stay in line
      </button>
      <button type="button" class="quiet" onClick={() => void giveUp()}>
        Give it up
      </button>
      {hasFailed && <p role="alert">The waiting room could not be reached: you are still in line.</p>}
    </fieldset>
  );
}

/** Announces changes to a screen reader, at most once a minute. Only the visitor's turn interrupts. */
function Announcer({ view }: { view: VisitorView | undefined }) {
  const last = useRef<Announcement>(undefined);
  if (view !== undefined) last.current = announce(last.current, view, Date.now());
  return (
    <p class="unseen" aria-live={view?.status === 'your_turn' ? 'assertive' : 'polite'}>
      {last.current?.text}
    </p>
  );
}
