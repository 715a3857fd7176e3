import { useEffect, useRef } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import type { Booking } from '../../shared/contract/tickets.ts';
import { formatNumber } from '../format.ts';
import type { House } from '../house/house.ts';
import { seatNames } from '../house/names.ts';
import { seatsText } from '../house/text.ts';
import { LogIn } from '../login.tsx';
import { texts } from '../texts/texts.ts';
import { BoughtCard } from './bought-card.tsx';
import { Card } from './card.tsx';
import { HeldCard } from './held-card.tsx';
import type { Purchase } from './purchase.ts';
import type { PurchaseState, Trouble } from './purchase-state.ts';
import { RefusedCard } from './refused-card.tsx';
import { etaText, wishText } from './text.ts';
import './purchase.css';

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

/** The second click of a double click was meant for the earlier button: Hold, where Pay may have replaced it. */
function ignoreSecondClick(click: MouseEvent): void {
  if (click.detail > 1) click.stopPropagation();
}

const TroubleNotice = ({ trouble }: { trouble: Trouble }) => (
  <p class="notice" role="alert">
    <strong>{texts.purchase.trouble[trouble]}</strong> {texts.purchase.tryingAgain}
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
      return <HeldCard state={state} purchase={purchase} event={event} house={house} showOnPlan={showOnPlan} />;
    case 'bought':
      return (
        <BoughtCard
          booking={state.booking}
          event={event}
          house={house}
          buyMore={purchase.leaveStep}
          showOnPlan={showOnPlan}
        />
      );
    case 'refused':
      return <RefusedCard refusal={state.refusal} purchase={purchase} event={event} house={house} />;
    case 'login':
      return (
        <LogIn
          title={state.wantsBookings ? texts.purchase.logInToSee : texts.purchase.logInToHold}
          problem={state.problem}
          logIn={purchase.logIn}
          cancel={purchase.leaveStep}
        />
      );
  }
}

type SendingProps = Extract<PurchaseState, { step: 'sending' }> & { house: House; giveUp: () => void };

const Sending = ({ wish, isAccepted, trouble, house, giveUp }: SendingProps) => (
  <Card title={isAccepted ? texts.purchase.finding : texts.purchase.sending}>
    <p>{wishText(house, wish)}</p>
    <div class="working" />
    {trouble !== undefined && !isAccepted && (
      <div class="actions">
        <button type="button" class="quiet" onClick={giveUp}>
          {texts.purchase.stopTrying}
        </button>
      </div>
    )}
  </Card>
);

type QueuedProps = Extract<PurchaseState, { step: 'queued' }> & { house: House; isDurable: boolean };

function Queued({ wish, position, etaSeconds, stopped, house, isDurable }: QueuedProps) {
  return (
    <Card title={texts.purchase.queued}>
      <p>{wishText(house, wish)}</p>
      {position !== undefined && (
        <dl>
          <div>
            <dt>{texts.purchase.position}</dt>
            <dd>{formatNumber(position)}</dd>
          </div>
          {etaSeconds !== undefined && (
            <div>
              <dt>{texts.purchase.wait}</dt>
              <dd>{etaText(etaSeconds)}</dd>
            </div>
          )}
        </dl>
      )}
      {stopped && (
        <p class="notice" role="status">
          {texts.purchase.stopped}
        </p>
      )}
      <div class="working" />
      <p class="hint">{isDurable ? texts.purchase.mayReload : texts.purchase.stay}</p>
    </Card>
  );
}

/** The text that a screen reader reads beside the heading that takes the focus. */
function announcementOf(state: PurchaseState, house: House): string {
  const seatsOf = ({ seats, items }: Booking) => seatsText(seatNames(house, seats, items));
  switch (state.step) {
    case 'choosing':
      return state.note ?? '';
    case 'held':
      return state.isQueued ? texts.purchase.changeQueued : `${seatsOf(state.booking)}.`;
    case 'bought':
      return `${seatsOf(state.booking)}.`;
    case 'refused': {
      const count = state.refusal.alternatives.length + (state.refusal.split.length > 0 ? 1 : 0);
      return count === 0 ? '' : texts.purchase.alternatives(count);
    }
    default:
      return '';
  }
}
