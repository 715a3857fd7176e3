import { useEffect, useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import type { Booking } from '../../shared/contract/tickets.ts';
import type { House } from '../house/house.ts';
import { texts } from '../texts/texts.ts';
import { Card } from './card.tsx';

type Props = {
  booking: Booking;
  event: EventView;
  house: House;
  buyMore: () => void;
  showOnPlan: (() => void) | undefined;
};

type Sheet = typeof import('../bookings/booking-sheet.tsx').BookingSheet;

/** Seats that are paid for. The page of the booking has the same, where its script cannot be loaded here. */
export function BoughtCard({ booking, event, house, buyMore, showOnPlan }: Props) {
  const [loaded, setLoaded] = useState<{ Sheet: Sheet }>();
  useEffect(() => {
    const load = async () => setLoaded({ Sheet: (await import('../bookings/booking-sheet.tsx')).BookingSheet });
    load().catch(() => undefined); // the link below leads to it
  }, []);
  return (
    <Card title={texts.purchase.bought}>
      {loaded !== undefined && <loaded.Sheet booking={booking} event={event} house={house} />}
      <p class="no-print">
        <a href={`/bookings/${booking.id}`}>{texts.bookings.open}</a>
      </p>
      <div class="actions no-print">
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
