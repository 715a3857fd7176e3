import { useEffect } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import { Bill } from '../bookings/bill.tsx';
import { linesTotal, orderLines } from '../bookings/order-lines.ts';
import { Countdown, isLastMinute, LastMinute, useMsLeft } from '../countdown.tsx';
import { formatClock } from '../format.ts';
import { frontrow } from '../frontrow.ts';
import type { House } from '../house/house.ts';
import { priceText } from '../money.ts';
import { texts } from '../texts/texts.ts';
import { Card } from './card.tsx';
import type { Purchase } from './purchase.ts';
import type { HoldChange, PurchaseState } from './purchase-state.ts';

type Props = {
  state: Extract<PurchaseState, { step: 'held' }>;
  purchase: Purchase;
  event: EventView;
  house: House;
  showOnPlan: (() => void) | undefined;
};

/** Seats that are held: their prices, the time left, and the button that pays for them. */
export function HeldCard({ state, purchase, event, house, showOnPlan }: Props) {
  const { booking, change, isQueued, problem } = state;
  const lines = orderLines(house, booking);
  const total = booking.total ?? linesTotal(lines);
  const currency = booking.currency ?? event.currency;
  const buttonFor = (kind: HoldChange) => ({
    'aria-disabled': change !== undefined,
    onClick: () => purchase.change(kind),
  });
  return (
    <Card title={texts.purchase.held}>
      <Bill lines={lines} total={total} currency={currency} />
      {problem !== undefined && (
        <p class="notice" role="alert">
          {problem}
        </p>
      )}
      {isQueued && <p class="notice">{texts.purchase.changeQueuedLong}</p>}
      <div class="reach">
        <button type="button" class="action pay" {...buttonFor('confirm')}>
          {payText(change === 'confirm', total, currency, booking.seatsCount)}
        </button>
      </div>
      {booking.expiresAt !== undefined && <TimeLeft until={booking.expiresAt} />}
      <div class="actions">
        <button type="button" class="quiet" {...buttonFor('extend')}>
          {texts.purchase.moreTime}
        </button>
        <button type="button" class="quiet" {...buttonFor('cancel')}>
          {texts.purchase.releaseSeats}
        </button>
        <button type="button" class="quiet" onClick={showOnPlan}>
          {texts.purchase.showOnPlan}
        </button>
      </div>
    </Card>
  );
}

/** The text of the button: the total that is paid, or the seats where they cost nothing. */
function payText(isPaying: boolean, total: number, currency: string, seats: number): string {
  const { pay, paying, book, booking } = texts.purchase;
  if (total === 0) return isPaying ? booking : book(texts.house.seatCount(seats));
  return isPaying ? paying : pay(priceText(total, currency));
}

/** The countdown of a hold, also in the tab's title. Its last minute is announced once. */
function TimeLeft({ until }: { until: string }) {
  const left = useMsLeft(until, frontrow.now);
  useEffect(() => {
    const pageTitle = document.title;
    return () => {
      document.title = pageTitle;
    };
  }, []);
  useEffect(() => {
    document.title = `${formatClock(left)} · ${texts.purchase.held} · Frontrow`;
  }, [left]);
  return (
    <p class={isLastMinute(left) ? 'clock ending' : 'clock'}>
      {texts.purchase.heldFor} <Countdown until={until} label={texts.purchase.timeLeft} clock={frontrow.now} />
      <LastMinute until={until} text={texts.purchase.lastMinute} clock={frontrow.now} />
    </p>
  );
}
