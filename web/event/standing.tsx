import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import type { Alternative, Booking } from '../../shared/contract/tickets.ts';
import { Countdown, isLastMinute, LastMinute, useMsLeft } from '../countdown.tsx';
import type { KeptBooking } from '../kept.ts';
import { LogIn } from '../login.tsx';
import { clockOf, numberInWords } from '../words.ts';
import { seatOf } from './house.ts';
import type { Change, Purchase, Refusal, Standing, Trouble } from './purchase.ts';
import {
  alternativeInWords,
  countInWords,
  etaInWords,
  seatsInWords,
  secondsInWords,
  totalInWords,
  wishInWords,
} from './words.ts';

type Props = {
  standing: Standing;
  purchase: Purchase;
  event: EventView;
  lookAt: (() => void) | undefined;
};

/** How the purchase stands, step by step. Each new step takes the focus, and is read out. */
export function StandingCard(props: Props) {
  const { standing } = props;
  const card = useRef<HTMLDivElement>(null);
  const { step } = standing;
  const last = useRef(step);
  useEffect(() => {
    const isNew = last.current !== step;
    last.current = step;
    if (!isNew) return;
    const panel = card.current?.parentElement;
    panel?.querySelector('h2')?.focus({ preventScroll: true });
    panel?.querySelector('.card')?.scrollIntoView({ block: 'nearest' });
  }, [step]);
  return (
    <>
      <p class="unseen" aria-live="polite">
        {spoken(standing)}
      </p>
      <div ref={card} class="standing" onClickCapture={ignoreSecond}>
        <Step {...props} />
        {standing.trouble !== undefined && <TroubleNotice trouble={standing.trouble} />}
      </div>
    </>
  );
}

/** The second click of a double click was meant for what was there before: Hold, where Buy may stand by now. */
function ignoreSecond(click: MouseEvent): void {
  if (click.detail > 1) click.stopPropagation();
}

const TROUBLE_WORDS: Record<Trouble, string> = {
  lost: 'Connection lost.',
  busy: 'Too many requests just now.',
  broken: 'Something is out of order here.',
};

const TroubleNotice = ({ trouble }: { trouble: Trouble }) => (
  <p class="notice" role="alert">
    <strong>{TROUBLE_WORDS[trouble]}</strong> Trying again: nothing is booked twice.
  </p>
);

function Step({ standing, purchase, event, lookAt }: Props) {
  switch (standing.step) {
    case 'choosing':
      return standing.note === undefined ? null : <p class="notice">{standing.note}</p>;
    case 'sending':
      return (
        <Card title={standing.isAccepted ? 'Finding your seats' : 'Asking for your seats'}>
          <p>{wishInWords(standing.wish)}</p>
          <div class="working" />
          {standing.trouble !== undefined && !standing.isAccepted && (
            <div class="actions">
              <button type="button" class="quiet" onClick={purchase.again}>
                Stop asking
              </button>
            </div>
          )}
        </Card>
      );
    case 'queued':
      return <Queued {...standing} lasts={purchase.lasts} />;
    case 'held':
      return <Held standing={standing} purchase={purchase} event={event} lookAt={lookAt} />;
    case 'bought':
      return (
        <Card title="The seats are yours">
          <Seats booking={standing.booking} lookAt={lookAt} />
          <p class="hint">
            Booking <code>{standing.booking.id}</code>
          </p>
          <div class="actions">
            <button type="button" class="action" onClick={purchase.again}>
              Buy more
            </button>
          </div>
        </Card>
      );
    case 'refused':
      return <RefusedCard refusal={standing.refusal} purchase={purchase} event={event} />;
    case 'login':
      return (
        <LogIn title="Log in to hold seats" problem={standing.problem} logIn={purchase.logIn} leave={purchase.again} />
      );
  }
}

const Card = ({ title, children }: { title: string; children: ComponentChildren }) => (
  <section class="card" aria-labelledby="standing">
    <h2 id="standing" tabIndex={-1}>
      {title}
    </h2>
    {children}
  </section>
);

type QueuedProps = Extract<Standing, { step: 'queued' }> & { lasts: boolean };

function Queued({ wish, position, etaSeconds, stopped, message, lasts }: QueuedProps) {
  return (
    <Card title="Your request is in the queue">
      <p>{wishInWords(wish)}</p>
      {position !== undefined && (
        <dl>
          <div>
            <dt>Position</dt>
            <dd>{numberInWords(position)}</dd>
          </div>
          {etaSeconds !== undefined && (
            <div>
              <dt>Wait</dt>
              <dd>{etaInWords(etaSeconds)}</dd>
            </div>
          )}
        </dl>
      )}
      {stopped && (
        <p class="notice" role="status">
          {message}
        </p>
      )}
      <div class="working" />
      <p class="hint">
        {lasts
          ? 'You may reload this page: your request is kept.'
          : 'This browser keeps nothing of ours: stay on this page.'}
      </p>
    </Card>
  );
}

type HeldProps = Omit<Props, 'standing'> & { standing: Extract<Standing, { step: 'held' }> };

function Held({ standing, purchase, event, lookAt }: HeldProps) {
  const { booking, busy, isWaiting, problem } = standing;
  const total = totalInWords(
    event,
    booking.seats.map((label) => seatOf(label).zone),
  );
  const act = (kind: Change) => ({ 'aria-disabled': busy !== undefined, onClick: () => purchase.change(kind) });
  return (
    <Card title="Held for you">
      {booking.expiresAt !== undefined && <TimeLeft until={booking.expiresAt} />}
      <Seats booking={booking} lookAt={lookAt} />
      <p class="total">{total}</p>
      {problem !== undefined && (
        <p class="notice" role="alert">
          {problem}
        </p>
      )}
      {isWaiting && <p class="notice">It is in the queue: the seats stay yours until it is decided.</p>}
      <div class="actions">
        <button type="button" class="action" {...act('confirm')}>
          {busy === 'confirm' ? 'Buying …' : 'Buy'}
        </button>
        <button type="button" class="quiet" {...act('extend')}>
          More time
        </button>
        <button type="button" class="quiet" {...act('cancel')}>
          Let go
        </button>
      </div>
    </Card>
  );
}

/** The clock of a hold, also in the tab's title; the last minute is said once. */
function TimeLeft({ until }: { until: string }) {
  const left = useMsLeft(until);
  useEffect(() => {
    const before = document.title;
    return () => {
      document.title = before;
    };
  }, []);
  useEffect(() => {
    document.title = `${clockOf(left)} · Held for you · Frontrow`;
  }, [left]);
  return (
    <p class={isLastMinute(left) ? 'clock ending' : 'clock'}>
      <Countdown until={until} label="Time left to buy" />
      <LastMinute until={until} words="Less than a minute is left to buy." />
    </p>
  );
}

const Seats = ({ booking, lookAt }: Pick<Props, 'lookAt'> & { booking: Pick<Booking, 'seats'> }) => (
  <p class="seats">
    <span>{seatsInWords(booking.seats)}</span>
    <button type="button" class="quiet" onClick={lookAt}>
      Show on plan
    </button>
  </p>
);

function RefusedCard({ refusal, purchase, event }: Pick<Props, 'purchase' | 'event'> & { refusal: Refusal }) {
  const { sentence, wish, alternatives, holdAgainAt } = refusal;
  const wishOf = ({ zone, row, startIndex, seatsCount: count }: Alternative) =>
    startIndex === undefined ? { zone, row, count } : { zone, row, start: startIndex, count };
  return (
    <Card title={sentence}>
      <p class="hint">You asked for: {wishInWords(wish)}.</p>
      {holdAgainAt !== undefined && <HoldAgain at={holdAgainAt} ask={() => purchase.ask(wish)} />}
      {alternatives.length > 0 && (
        <>
          <p class="label">Nearest that are free</p>
          <ul class="alternatives">
            {alternatives.map((one) => (
              <li key={alternativeInWords(one)}>
                <button type="button" class="offer" onClick={() => purchase.ask(wishOf(one))}>
                  <span>{alternativeInWords(one)}</span>
                  <span>
                    Hold {countInWords(one.seatsCount)} · {totalInWords(event, Array(one.seatsCount).fill(one.zone))}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}

/** Counts down to the moment from which the buyer may hold again, and then offers to retry. */
function HoldAgain({ at, ask }: { at: string; ask: () => void }) {
  const leftMs = useMsLeft(at);
  return (
    <>
      <p class="notice">
        {leftMs > 0 ? (
          <time role="timer" dateTime={at}>
            You can hold again in {secondsInWords(leftMs)}.
          </time>
        ) : (
          <span role="status">You can hold again now.</span>
        )}
      </p>
      {leftMs <= 0 && (
        <div class="actions">
          <button type="button" class="action" onClick={ask}>
            Try again
          </button>
        </div>
      )}
    </>
  );
}

/** What was bought before, with the numbers that prove it. */
export function Bookings({ bookings, show }: { bookings: readonly KeptBooking[]; show: (label: string) => void }) {
  return (
    <section class="card" aria-labelledby="bookings">
      <h2 id="bookings">Your bookings</h2>
      <ul class="bookings">
        {bookings.map(({ id, seats }) => (
          <li key={id}>
            <Seats booking={{ seats }} lookAt={() => show(seats[0] ?? '')} />
            <p class="hint">
              Booking <code>{id}</code>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What a screen reader is told beside the heading that takes the focus. Figures are found where they stand. */
function spoken(standing: Standing): string {
  switch (standing.step) {
    case 'choosing':
      return standing.note ?? '';
    case 'held':
      return standing.isWaiting ? 'It is in the queue.' : `${seatsInWords(standing.booking.seats)}.`;
    case 'bought':
      return `${seatsInWords(standing.booking.seats)}.`;
    case 'refused':
      return offersInWords(standing.refusal.alternatives.length);
    default:
      return '';
  }
}

function offersInWords(offers: number): string {
  if (offers === 0) return '';
  return offers === 1 ? 'Another choice is offered.' : `${offers} other choices are offered.`;
}
