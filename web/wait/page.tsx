import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Countdown } from '../countdown.tsx';
import { LogIn } from '../login.tsx';
import { Masthead } from '../masthead.tsx';
import { logIn } from '../requests.ts';
import { momentInWords } from '../times.ts';
import { numberInWords } from '../words.ts';
import { createVisit, type Visit, type VisitorView } from './visit.ts';
import {
  type Announcement,
  announce,
  headingOf,
  peopleInWords,
  rangeInWords,
  tabTitleOf,
  waitInWords,
} from './words.ts';

type Room = ReturnType<typeof createVisit>;

/** `/events/:id/wait`: joins the line by itself, and shows where the visitor stands until it is their turn. */
export function WaitPage({ eventId }: { eventId: number }) {
  const [visit, setVisit] = useState<Visit>({ progress: 0 });
  const [room, setRoom] = useState<Room>();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const opened = createVisit(eventId, setVisit);
    setRoom(opened);
    return opened.stop;
  }, [eventId]);
  const [wrong, setWrong] = useState<string>();
  const { view, refusal, whoLogsIn, trouble } = visit;
  useEffect(() => {
    document.title = tabTitleOf(view);
  }, [view]);

  /** A button that is gone takes the focus with it: it goes to what has come instead. */
  const act = async (work: Promise<void>) => {
    await work;
    heading.current?.focus();
  };
  const inLine = view?.status === 'waiting' || view?.status === 'before_sale';
  return (
    <>
      <Masthead where={`Waiting room · Event ${eventId}`} />
      <main class={view?.status}>
        <Announcer view={view} />
        <h1 ref={heading} tabIndex={-1}>
          {headlineOf(visit)}
        </h1>
        {whoLogsIn && room !== undefined && (
          <LogIn
            title="Log in to stand in line"
            problem={wrong}
            logIn={async (email, password) => {
              const problem = await logIn(email, password);
              setWrong(problem);
              if (problem === undefined) await act(room.tryAgain());
            }}
          />
        )}
        {refusal !== undefined && !whoLogsIn && room !== undefined && (
          <Refusal detail={refusal} tryAgain={() => void act(room.tryAgain())} />
        )}
        {visit.checking !== undefined && <Checking progress={visit.checking} />}
        {view !== undefined && room !== undefined && (
          <Standing eventId={eventId} visit={visit} view={view} joinAgain={() => void act(room.joinAgain())} />
        )}
        {trouble !== undefined && <Trouble trouble={trouble} hasPlace={inLine || view?.status === 'your_turn'} />}
        {inLine && room !== undefined && (
          <footer>
            <p>
              {room.lasts
                ? 'Keep this page open, or come back to it in this browser: your place is kept.'
                : 'This browser keeps nothing of ours: a reload would lose your place.'}
            </p>
            <Leave leave={() => act(room.leave())} />
          </footer>
        )}
      </main>
    </>
  );
}

function headlineOf({ view, refusal, trouble, checking }: Visit): string {
  if (checking !== undefined) return 'Checking your browser';
  if (view !== undefined) return headingOf(view.status);
  if (refusal !== undefined) return 'No place in line';
  return trouble === undefined ? 'Finding your place' : 'The waiting room is out of reach';
}

/** How the visitor stands, state by state. */
function Standing(props: { eventId: number; visit: Visit; view: VisitorView; joinAgain: () => void }) {
  const { eventId, visit, view, joinAgain } = props;
  switch (view.status) {
    case 'before_sale':
      return <BeforeSale view={view} />;
    case 'waiting':
      return <Waiting view={view} progress={visit.progress} />;
    case 'your_turn':
      return <YourTurn eventId={eventId} view={view} />;
    case 'open':
      return (
        <>
          <p>Nobody has to stand in line at the moment.</p>
          <ToSeats eventId={eventId} />
        </>
      );
    case 'sold_out':
      return <p>Every seat is sold and confirmed. There is nothing left to wait for.</p>;
    case 'turn_passed':
    case 'left':
      return (
        <>
          <p>
            {view.status === 'left'
              ? 'Your place has gone to the next in line.'
              : 'It was not taken in time, and has gone to the next in line.'}
          </p>
          <button type="button" class="action" onClick={joinAgain}>
            Join again
          </button>
        </>
      );
  }
}

/** The work before a place is given. Screen readers read the sentence once, and the bar only on request. */
const Checking = ({ progress }: { progress: number }) => (
  <>
    <p role="status">This line asks each browser for a little work before it gives a place. It takes a few seconds.</p>
    <div class="bar" role="progressbar" aria-label="Work done" aria-valuenow={Math.floor(100 * progress)}>
      <div style={{ transform: `scaleX(${progress})`, transitionDuration: '0.2s' }} />
    </div>
  </>
);

function BeforeSale({ view: { onSaleAt, timeZone = 'UTC', paused, position, message } }: { view: VisitorView }) {
  return (
    <>
      {onSaleAt !== undefined && (
        <p class="figure">
          <Countdown until={onSaleAt} label="Time until the sale opens" />
          <span>
            until the sale opens
            <small>{momentInWords(onSaleAt, timeZone)}</small>
          </span>
        </p>
      )}
      <p>
        {position === undefined ? (
          <>
            When it opens, the order of the line is drawn at random among everybody who is here. Arriving earlier or
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
  const range = wait === undefined ? undefined : rangeInWords(wait.fromSeconds, wait.toSeconds);
  return (
    <>
      <p class="figure">
        <strong>{numberInWords(ahead)}</strong>
        <span>{ahead === 1 ? 'person' : 'people'} ahead of you</span>
      </p>
      <Bar progress={progress} words={`${peopleInWords(ahead)} ahead of you`} seconds={view.askAgainSeconds} />
      {stopped && <p class="notice">{message}</p>}
      {paused && <Paused />}
      {likelySoldOut && (
        <Notice title="Likely sold out">
          The seats that are left will probably not reach you. You may stay: when somebody lets seats go, the line moves
          on.
        </Notice>
      )}
      <dl>
        {wait !== undefined && !paused && (
          <div>
            <dt>Estimated wait</dt>
            <dd>
              {waitInWords(wait.seconds)}
              {range !== undefined && <small>probably {range}</small>}
            </dd>
          </div>
        )}
        {position !== undefined && (
          <div>
            <dt>Your place</dt>
            <dd>
              {numberInWords(position)}
              <small>it never changes</small>
            </dd>
          </div>
        )}
      </dl>
    </>
  );
}

const Paused = () => <Notice title="Paused">Nobody is let in for the moment. Everybody keeps their place.</Notice>;

const Notice = ({ title, children }: { title: string; children: ComponentChildren }) => (
  <p class="notice">
    <strong>{title}.</strong> {children}
  </p>
);

/** A row of seats that fills. It glides to where the visitor stands until the next answer is due. */
const Bar = ({ progress, words, seconds }: { progress: number; words: string; seconds: number }) => (
  <div
    class="bar"
    role="progressbar"
    aria-label="Your way to the front"
    aria-valuenow={Math.floor(100 * progress)}
    aria-valuetext={words}
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

const Refusal = ({ detail, tryAgain }: { detail: string; tryAgain: () => void }) => (
  <>
    <p role="alert">{detail}</p>
    <button type="button" class="action" onClick={tryAgain}>
      Try again
    </button>
  </>
);

/** Said once, when it begins: the pauses between tries are nobody's concern. */
const Trouble = ({ trouble, hasPlace }: { trouble: NonNullable<Visit['trouble']>; hasPlace: boolean }) => (
  <p class="notice trouble" role="alert">
    <strong>{trouble === 'lost' ? 'Connection lost.' : 'The waiting room is busy.'}</strong>{' '}
    {hasPlace ? 'Your place is kept; trying again.' : 'Trying again.'}
  </p>
);

/** A quiet button, and the question whether it is meant. */
function Leave({ leave }: { leave: () => Promise<void> }) {
  const [asking, setAsking] = useState(false);
  const [failed, setFailed] = useState(false);
  const first = useRef<HTMLButtonElement>(null);
  const stay = useRef<HTMLButtonElement>(null);
  const used = useRef(false);
  useLayoutEffect(() => {
    if (used.current) (asking ? stay : first).current?.focus();
    used.current = true;
  }, [asking]);
  const turn = (to: boolean) => {
    setAsking(to);
    setFailed(false);
  };
  const sure = () => {
    setFailed(false);
    return leave().catch(() => setFailed(true));
  };
  if (!asking) {
    return (
      <button type="button" class="quiet" ref={first} onClick={() => turn(true)}>
        Leave the line
      </button>
    );
  }
  return (
    <fieldset class="question" onKeyDown={(e) => e.key === 'Escape' && turn(false)}>
      <legend>Give up your place for good?</legend>
      <button type="button" class="quiet" ref={stay} onClick={() => turn(false)}>
        Stay in line
      </button>
      <button type="button" class="quiet" onClick={() => void sure()}>
        Give it up
      </button>
      {failed && <p role="alert">The waiting room could not be told: you are still in line.</p>}
    </fieldset>
  );
}

/** Says what has changed to a screen reader: seldom, and only one's turn interrupts. */
function Announcer({ view }: { view: VisitorView | undefined }) {
  const last = useRef<Announcement>(undefined);
  if (view !== undefined) last.current = announce(last.current, view, Date.now());
  return (
    <p class="unseen" aria-live={view?.status === 'your_turn' ? 'assertive' : 'polite'}>
      {last.current?.text}
    </p>
  );
}
