import type { Booking } from '../../shared/contract/tickets.ts';
import { Countdown, useMsLeft } from '../countdown.tsx';
import { frontrow } from '../frontrow.ts';
import type { House } from '../house/house.ts';
import { seatNames } from '../house/names.ts';
import { seatsText } from '../house/text.ts';
import { texts } from '../texts/texts.ts';

type Props = { house: House; holds: readonly Booking[]; adopt: (hold: Booking) => void };

/** Live holds of the logged-in user beside the one that the page shows: made elsewhere, or before. */
export function HoldsCard({ house, holds, adopt }: Props) {
  return (
    <section class="card" aria-labelledby="holds">
      <h2 id="holds">{texts.purchase.otherHolds}</h2>
      <ul class="alternatives">
        {holds.map((hold) => (
          <OtherHold key={hold.id} house={house} hold={hold} adopt={adopt} />
        ))}
      </ul>
    </section>
  );
}

function OtherHold({ house, hold, adopt }: Omit<Props, 'holds'> & { hold: Booking }) {
  const { seats, items, expiresAt = '' } = hold;
  if (useMsLeft(expiresAt, frontrow.now) <= 0) return null;
  return (
    <li>
      <button type="button" class="offer" onClick={() => adopt(hold)}>
        <span>{seatsText(seatNames(house, seats, items))}</span>
        <span>
          {texts.purchase.continueHold} ·{' '}
          <Countdown until={expiresAt} label={texts.purchase.timeLeft} clock={frontrow.now} />
        </span>
      </button>
    </li>
  );
}
