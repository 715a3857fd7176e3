import type { House } from '../house/house.ts';
import { idsText } from '../house/text.ts';
import type { StoredBooking } from '../stored-values.ts';
import { texts } from '../texts/texts.ts';

type Props = { house: House; bookings: readonly StoredBooking[]; showSeat: (label: string) => void };

/** Earlier bookings of this event. Each leads to the page of the booking. */
export function EarlierBookings({ house, bookings, showSeat }: Props) {
  return (
    <section class="card" aria-labelledby="bookings">
      <h2 id="bookings">{texts.purchase.yourBookings}</h2>
      <ul class="bookings">
        {bookings.map(({ id, seats }) => (
          <li key={id} class="seats">
            <a href={`/bookings/${id}`}>{idsText(house, seats)}</a>
            <button type="button" class="quiet" onClick={() => showSeat(seats[0] ?? '')}>
              {texts.purchase.showOnPlan}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
