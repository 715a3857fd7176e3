import type { EventView } from '../../shared/contract/events.ts';
import type { Booking } from '../../shared/contract/tickets.ts';
import type { House } from '../house/house.ts';
import { texts } from '../texts/texts.ts';
import { Bill } from './bill.tsx';
import { Card } from './card.tsx';
import { linesTotal, orderLines } from './order-lines.ts';

type Props = {
  booking: Booking;
  event: EventView;
  house: House;
  buyMore: () => void;
  showOnPlan: (() => void) | undefined;
};

/** Seats that are paid for. */
export function BoughtCard({ booking, event, house, buyMore, showOnPlan }: Props) {
  const lines = orderLines(house, booking);
  return (
    <Card title={texts.purchase.bought}>
      <Bill lines={lines} total={booking.total ?? linesTotal(lines)} currency={booking.currency ?? event.currency} />
      <p class="hint">
        <code>{booking.id}</code>
      </p>
      <div class="actions">
        <button type="button" class="action" onClick={buyMore}>
          {texts.purchase.buyMore}
        </button>
        <button type="button" class="quiet" onClick={showOnPlan}>
          {texts.purchase.showOnPlan}
        </button>
      </div>
    </Card>
  );
}
