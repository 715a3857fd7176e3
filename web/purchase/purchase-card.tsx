import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import type { Alternative, Booking } from '../../shared/contract/tickets.ts';
import { Countdown, isLastMinute, LastMinute, useMsLeft } from '../countdown.tsx';
import { alternativeText, countText, durationText, etaText, priceText, seatsText, wishText } from '../event/text.ts';
import { formatClock, formatNumber } from '../format.ts';
import type { House } from '../house/house.ts';
import { seatNames } from '../house/names.ts';
import { groupItems, runsTotal, totalOf } from '../house/prices.ts';
import { LogIn } from '../login.tsx';
import type { StoredBooking } from '../stored-values.ts';
import type { Purchase } from './purchase.ts';
import type { HoldChange, PurchaseState, Refusal, Trouble } from './purchase-state.ts';

type Props = {
  state: PurchaseState;
  purchase: Purchase;
  event: EventView;
  house: House;
  /** Shows the seats of the booking on the plan. */
  showOnPlan: (() => void) | undefined;
};

/** The state of the purchase. Each new step takes the focus, and a screen reader reads it out. */
export function PurchaseCard(props: Props) {
  const { state, house } = props;
  const card = useRef<HTMLDivElement>(null);
  const { step } = state;
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
        {announcementOf(state, house)}
      </p>
      <div ref={card} class="purchase" onClickCapture={ignoreSecondClick}>
        <Step {...props} />
        {state.trouble !== undefined && <TroubleNotice trouble={state.trouble} />}
      </div>
    </>
  );
}

/** The second click of a double click was meant for the earlier button: Hold, where Buy may have replaced it. */
function ignoreSecondClick(click: MouseEvent): void {
  if (click.detail > 1) click.stopPropagation();
}

const TROUBLE_TEXT: Record<Trouble, string> = {
  lost: 'Connection lost.',
  busy: 'The server is busy.',
  broken: 'The server reported an error.',
};

const TroubleNotice = ({ trouble }: { trouble: Trouble }) => (
  <p class="notice" role="alert">
    <strong>{TROUBLE_TEXT[trouble]}</strong> Trying again: nothing is booked twice.
  </p>
);

function Step({ state, purchase, event, house, showOnPlan }: Props) {
  switch (state.step) {
    case 'choosing':
      return state.note === undefined ? null : <p class="notice">{state.note}</p>;
    case 'sending':
      return <Sending {...state} house={house} giveUp={purchase.leaveStep} />;
    case 'queued':
      return <Queued {...state} house={house} isDurable={purchase.isDurable} />;
    case 'held':
      return <Held state={state} purchase={purchase} event={event} house={house} showOnPlan={showOnPlan} />;
    case 'bought':
      return <Bought booking={state.booking} house={house} buyMore={purchase.leaveStep} showOnPlan={showOnPlan} />;
    case 'refused':
      return <RefusedCard refusal={state.refusal} purchase={purchase} event={event} house={house} />;
    case 'login':
      return (
        <LogIn
          title={state.wantsBookings ? 'Log in to see your bookings' : 'Log in to hold seats'}
          problem={state.problem}
          logIn={purchase.logIn}
          cancel={purchase.leaveStep}
        />
      );
  }
}

const Card = ({ title, children }: { title: string; children: ComponentChildren }) => (
  <section class="card" aria-labelledby="purchase">
    <h2 id="purchase" tabIndex={-1}>
      {title}
    </h2>
    {children}
  </section>
);

type SendingProps = Extract<PurchaseState, { step: 'sending' }> & { house: House; giveUp: () => void };

const Sending = ({ wish, isAccepted, trouble, house, giveUp }: SendingProps) => (
  <Card title={isAccepted ? 'Finding your seats' : 'Sending your request'}>
    <p>{wishText(house, wish)}</p>
    <div class="working" />
    {trouble !== undefined && !isAccepted && (
      <div class="actions">
        <button type="button" class="quiet" onClick={giveUp}>
          Stop trying
        </button>
      </div>
    )}
  </Card>
);

type QueuedProps = Extract<PurchaseState, { step: 'queued' }> & { house: House; isDurable: boolean };

function Queued({ wish, position, etaSeconds, stopped, message, house, isDurable }: QueuedProps) {
  return (
    <Card title="Your request is in the queue">
      <p>{wishText(house, wish)}</p>
      {position !== undefined && (
        <dl>
          <div>
            <dt>Position</dt>
            <dd>{formatNumber(position)}</dd>
          </div>
          {etaSeconds !== undefined && (
            <div>
              <dt>Wait</dt>
              <dd>{etaText(etaSeconds)}</dd>
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
        {isDurable
          ? 'You may reload this page: your request is saved.'
          : 'This browser stores no data of this site: stay on this page.'}
      </p>
    </Card>
  );
}

type HeldProps = Omit<Props, 'state'> & { state: Extract<PurchaseState, { step: 'held' }> };

function Held({ state, purchase, event, house, showOnPlan }: HeldProps) {
  const { booking, change, isQueued, problem } = state;
  const total = booking.total ?? totalOf(house, booking.seats);
  const buttonFor = (kind: HoldChange) => ({
    'aria-disabled': change !== undefined,
    onClick: () => purchase.change(kind),
  });
  return (
    <Card title="Held for you">
      {booking.expiresAt !== undefined && <TimeLeft until={booking.expiresAt} />}
      <Seats {...booking} house={house} showOnPlan={showOnPlan} />
      <Items booking={booking} currency={event.currency} />
      <p class="total">{priceText(total, booking.currency ?? event.currency)}</p>
      {problem !== undefined && (
        <p class="notice" role="alert">
          {problem}
        </p>
      )}
      {isQueued && <p class="notice">Your change is in the queue. The seats stay yours until it is done.</p>}
      <div class="actions">
        <button type="button" class="action" {...buttonFor('confirm')}>
          {change === 'confirm' ? 'Buying …' : 'Buy'}
        </button>
        <button type="button" class="quiet" {...buttonFor('extend')}>
          More time
        </button>
        <button type="button" class="quiet" {...buttonFor('cancel')}>
          Release
        </button>
      </div>
    </Card>
  );
}

/** The countdown of a hold, also in the tab's title. Its last minute is announced once. */
function TimeLeft({ until }: { until: string }) {
  const left = useMsLeft(until);
  useEffect(() => {
    const pageTitle = document.title;
    return () => {
      document.title = pageTitle;
    };
  }, []);
  useEffect(() => {
    document.title = `${formatClock(left)} · Held for you · Frontrow`;
  }, [left]);
  return (
    <p class={isLastMinute(left) ? 'clock ending' : 'clock'}>
      <Countdown until={until} label="Time left to buy" />
      <LastMinute until={until} text="Less than a minute is left to buy." />
    </p>
  );
}

/** Seats of a booking by category, ticket type and price, where they have categories. */
function Items({ booking, currency }: { booking: Booking; currency: string }) {
  const groups = groupItems(booking.items ?? []);
  if (groups.length === 0) return null;
  return (
    <ul class="items">
      {groups.map(({ text, count, total }) => (
        <li key={text}>
          <span>
            {count} × {text}
          </span>
          <span>{priceText(total, currency)}</span>
        </li>
      ))}
    </ul>
  );
}

type BoughtProps = Pick<Props, 'house' | 'showOnPlan'> & { booking: Booking; buyMore: () => void };

const Bought = ({ booking, house, buyMore, showOnPlan }: BoughtProps) => (
  <Card title="The seats are yours">
    <Seats {...booking} house={house} showOnPlan={showOnPlan} />
    <Items booking={booking} currency={booking.currency ?? ''} />
    <p class="hint">
      Booking <code>{booking.id}</code>
    </p>
    <div class="actions">
      <button type="button" class="action" onClick={buyMore}>
        Buy more
      </button>
    </div>
  </Card>
);

type SeatsProps = Pick<Props, 'house' | 'showOnPlan'> & Pick<Booking, 'seats' | 'items'>;

const Seats = ({ seats, items, house, showOnPlan }: SeatsProps) => (
  <p class="seats">
    <span>{seatsText(seatNames(house, seats, items))}</span>
    <button type="button" class="quiet" onClick={showOnPlan}>
      Show on plan
    </button>
  </p>
);

type RefusedProps = Pick<Props, 'purchase' | 'event' | 'house'> & { refusal: Refusal };

function RefusedCard({ refusal, purchase, event, house }: RefusedProps) {
  const { sentence, wish, alternatives, split, holdAgainAt } = refusal;
  const types = 'types' in wish ? wish.types : undefined;
  const wishOf = ({ zone, row, startIndex, seatsCount: count }: Alternative) => ({
    ...(startIndex === undefined ? { zone, row, count } : { zone, row, start: startIndex, count }),
    ...(types && { types }),
  });
  return (
    <Card title={sentence}>
      <p class="hint">Your request: {wishText(house, wish)}.</p>
      {holdAgainAt !== undefined && <HoldAgain at={holdAgainAt} retry={() => purchase.request(wish)} />}
      {split.length > 0 && !('seats' in wish) && (
        <>
          <p class="label">Nearly together</p>
          <ul class="alternatives">
            <Offer
              seats={split.map((run) => alternativeText(house, run)).join('; ')}
              hold="Take them apart"
              total={runsTotal(house, split, types)}
              currency={event.currency}
              onClick={() => purchase.request({ ...wish, split: true })}
            />
          </ul>
        </>
      )}
      {alternatives.length > 0 && (
        <>
          <p class="label">Nearest free seats</p>
          <ul class="alternatives">
            {alternatives.map((alternative) => (
              <Offer
                key={alternativeText(house, alternative)}
                seats={alternativeText(house, alternative)}
                hold={`Hold ${countText(alternative.seatsCount)}`}
                total={runsTotal(house, [alternative], types)}
                currency={event.currency}
                onClick={() => purchase.request(wishOf(alternative))}
              />
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}

type OfferProps = {
  seats: string;
  hold: string;
  total: number | undefined;
  currency: string;
  onClick: () => void;
};

const Offer = ({ seats, hold, total, currency, onClick }: OfferProps) => (
  <li>
    <button type="button" class="offer" onClick={onClick}>
      <span>{seats}</span>
      <span>{total === undefined ? hold : `${hold} · ${priceText(total, currency)}`}</span>
    </button>
  </li>
);

/** The countdown until the buyer may hold again, then a button to retry. */
function HoldAgain({ at, retry }: { at: string; retry: () => void }) {
  const leftMs = useMsLeft(at);
  return (
    <>
      <p class="notice">
        {leftMs > 0 ? (
          <time role="timer" dateTime={at}>
            You can hold again in {durationText(leftMs)}.
          </time>
        ) : (
          <span role="status">You can hold again now.</span>
        )}
      </p>
      {leftMs <= 0 && (
        <div class="actions">
          <button type="button" class="action" onClick={retry}>
            Try again
          </button>
        </div>
      )}
    </>
  );
}

type BookingsProps = { house: House; bookings: readonly StoredBooking[]; showSeat: (label: string) => void };

/** Earlier bookings, with their ids as proof. */
export function Bookings({ house, bookings, showSeat }: BookingsProps) {
  return (
    <section class="card" aria-labelledby="bookings">
      <h2 id="bookings">Your bookings</h2>
      <ul class="bookings">
        {bookings.map(({ id, seats }) => (
          <li key={id}>
            <Seats seats={seats} house={house} showOnPlan={() => showSeat(seats[0] ?? '')} />
            <p class="hint">
              Booking <code>{id}</code>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The text that a screen reader reads beside the heading that takes the focus. */
function announcementOf(state: PurchaseState, house: House): string {
  const seatsOf = ({ seats, items }: Booking) => seatsText(seatNames(house, seats, items));
  switch (state.step) {
    case 'choosing':
      return state.note ?? '';
    case 'held':
      return state.isQueued ? 'Your change is in the queue.' : `${seatsOf(state.booking)}.`;
    case 'bought':
      return `${seatsOf(state.booking)}.`;
    case 'refused':
      return alternativesText(state.refusal.alternatives.length + (state.refusal.split.length > 0 ? 1 : 0));
    default:
      return '';
  }
}

function alternativesText(count: number): string {
  if (count === 0) return '';
  return count === 1 ? 'There is 1 alternative.' : `There are ${count} alternatives.`;
}
