import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import type { Alternative, Booking } from '../../shared/contract/tickets.ts';
import { Countdown } from '../countdown.tsx';
import { seatOf } from './house.ts';
import { LogIn } from './login.tsx';
import type { Change, PurchaseOfTab, Refusal, Standing } from './purchase.ts';
import {
  alternativeInWords,
  countInWords,
  etaInWords,
  numberInWords,
  seatsInWords,
  totalInWords,
  wishInWords,
} from './words.ts';

type Props = {
  standing: Standing;
  clockAheadMs: number;
  purchase: PurchaseOfTab;
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
    <div ref={card} class="standing">
      <p class="unseen" aria-live="polite">
        {spoken(standing)}
      </p>
      <Step {...props} />
      {standing.trouble && (
        <p class="notice" role="status">
          <strong>Connection lost.</strong> Trying again: nothing is booked twice.
        </p>
      )}
    </div>
  );
}

function Step({ standing, clockAheadMs, purchase, event, lookAt }: Props) {
  switch (standing.step) {
    case 'choosing':
      return standing.note === undefined ? null : <p class="notice">{standing.note}</p>;
    case 'sending':
      return (
        <Card title="Asking for your seats">
          <p>{wishInWords(standing.wish)}</p>
          <div class="working" />
        </Card>
      );
    case 'queued':
      return <Queued {...standing} />;
    case 'held':
      return <Held standing={standing} clockAheadMs={clockAheadMs} purchase={purchase} event={event} lookAt={lookAt} />;
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
      return <LogIn problem={standing.problem} logIn={purchase.logIn} leave={purchase.again} />;
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

function Queued({ wish, position, etaSeconds }: Extract<Standing, { step: 'queued' }>) {
  return (
    <Card title="Your request is in the queue">
      <p>{wishInWords(wish)}</p>
      {position !== undefined && (
        <dl>
          <div>
            <dt>Position</dt>
            <dd>{numberInWords(position)}</dd>
          </div>
          <div>
            <dt>Wait</dt>
            <dd>{etaInWords(etaSeconds ?? 0)}</dd>
          </div>
        </dl>
      )}
      <div class="working" />
      <p class="hint">You may reload this page: your request is kept.</p>
    </Card>
  );
}

type HeldProps = Omit<Props, 'standing'> & { standing: Extract<Standing, { step: 'held' }> };

function Held({ standing: { booking, busy, problem }, clockAheadMs, purchase, event, lookAt }: HeldProps) {
  const total = totalInWords(
    event,
    booking.seats.map((label) => seatOf(label).zone),
  );
  const act = (kind: Change) => ({ disabled: busy !== undefined, onClick: () => void purchase.change(kind) });
  return (
    <Card title="Held for you">
      {booking.expiresAt !== undefined && (
        <p class="clock">
          <Countdown until={booking.expiresAt} clockAheadMs={clockAheadMs} label="Time left to buy" />
        </p>
      )}
      <Seats booking={booking} lookAt={lookAt} />
      <p class="total">{total}</p>
      {problem !== undefined && (
        <p class="notice" role="alert">
          {problem}
        </p>
      )}
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

const Seats = ({ booking, lookAt }: Pick<Props, 'lookAt'> & { booking: Booking }) => (
  <p class="seats">
    <span>{seatsInWords(booking.seats)}</span>
    <button type="button" class="quiet" onClick={lookAt}>
      Show on plan
    </button>
  </p>
);

function RefusedCard({ refusal, purchase, event }: Pick<Props, 'purchase' | 'event'> & { refusal: Refusal }) {
  const { sentence, wish, alternatives } = refusal;
  const wishOf = ({ zone, row, startIndex, seatsCount: count }: Alternative) =>
    startIndex === undefined ? { zone, row, count } : { zone, row, start: startIndex, count };
  return (
    <Card title={sentence}>
      <p class="hint">You asked for: {wishInWords(wish)}.</p>
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

/** What a screen reader is told: each step once. Its figures are found where they stand. */
function spoken(standing: Standing): string {
  switch (standing.step) {
    case 'choosing':
      return standing.note ?? '';
    case 'sending':
      return 'Asking for your seats.';
    case 'queued':
      return 'Your request is in the queue.';
    case 'held':
      return `Held for you: ${seatsInWords(standing.booking.seats)}.`;
    case 'bought':
      return `The seats are yours: ${seatsInWords(standing.booking.seats)}.`;
    case 'refused':
      return `${standing.refusal.sentence} ${standing.refusal.alternatives.length} places are offered instead.`;
    case 'login':
      return 'Log in to hold seats.';
  }
}
