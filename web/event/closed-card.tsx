import type { EventView } from '../../shared/contract/events.ts';
import { Countdown } from '../countdown.tsx';
import { texts } from '../texts/texts.ts';
import { momentText } from '../times.ts';
import type { SaleState } from './sale-state.ts';

type Props = { state: Exclude<SaleState, 'open'>; event: EventView; held: number };

/** Why nothing can be requested now, and what will change it. It has no button: nothing here can be pressed. */
export function ClosedCard({ state, event, held }: Props) {
  const { before, opens, untilSale, paused, pausedText, soldOut, soldOutText, ended, endedText } =
    texts.purchase.closed;
  const { cancelled, cancelledText, held: heldText } = texts.purchase.closed;
  const { onSaleAt, timeZone } = event;
  const texted = {
    before: [before, onSaleAt === null ? '' : opens(momentText(onSaleAt, timeZone))],
    paused: [paused, pausedText],
    soldOut: [soldOut, soldOutText],
    allHeld: [soldOut, heldText(held)],
    ended: [ended, endedText],
    cancelled: [cancelled, cancelledText],
  }[state];
  const [title, text] = texted;
  return (
    <section class="card closed" aria-labelledby="closed">
      <h2 id="closed">{title}</h2>
      <p>{text}</p>
      {state === 'before' && onSaleAt !== null && (
        <p class="until">
          <Countdown until={onSaleAt} label={untilSale} />
        </p>
      )}
    </section>
  );
}
