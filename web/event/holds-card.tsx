import type { Booking } from '../../shared/contract/tickets.ts';
import { Countdown, useMsLeft } from '../countdown.tsx';
import { seatsText } from './text.ts';

type Props = { holds: readonly Booking[]; adopt: (hold: Booking) => void };

/** Live holds of the logged-in user beside the one that the page shows: made elsewhere, or before. */
export function HoldsCard({ holds, adopt }: Props) {
  return (
    <section class="card" aria-labelledby="holds">
      <h2 id="holds">Your other holds</h2>
      <ul class="alternatives">
        {holds.map((hold) => (
          <OtherHold key={hold.id} hold={hold} adopt={adopt} />
        ))}
      </ul>
    </section>
  );
}

function OtherHold({ hold, adopt }: { hold: Booking; adopt: Props['adopt'] }) {
  const { seats, expiresAt = '' } = hold;
  if (useMsLeft(expiresAt) <= 0) return null;
  return (
    <li>
      <button type="button" class="offer" onClick={() => adopt(hold)}>
        <span>{seatsText(seats)}</span>
        <span>
          Continue · <Countdown until={expiresAt} label="Time left to buy" />
        </span>
      </button>
    </li>
  );
}
