import type { EventView } from '../../shared/contract/events.ts';
import { Countdown } from '../countdown.tsx';
import { frontrow } from '../frontrow.ts';
import { texts } from '../texts/texts.ts';
import { momentText } from '../times.ts';
import type { SaleState } from './sale-state.ts';

type Props = { state: Exclude<SaleState, 'open'>; event: EventView; held: number };

/** The title of a sale that is closed, as the card, the plan and a screen reader have it. */
export function closedTitle(state: Exclude<SaleState, 'open'>): string {
  const { before, paused, soldOut, ended, cancelled } = texts.purchase.closed;
  return { before, paused, soldOut, allHeld: soldOut, ended, cancelled }[state];
}

/** Why nothing can be requested now, and what will change it. It has no button: nothing here can be pressed. */
export function ClosedCard({ state, event, held }: Props) {
  const { opens, untilSale, pausedText, soldOutText, endedText, cancelledText, held: heldText } = texts.purchase.closed;
  const { onSaleAt, timeZone } = event;
  const text = {
    before: onSaleAt === null ? '' : opens(momentText(onSaleAt, timeZone)),
    paused: pausedText,
    soldOut: soldOutText,
    allHeld: held > 0 ? heldText(held) : soldOutText, // all are held by this buyer
    ended: endedText,
    cancelled: cancelledText,
  }[state];
  return (
    <section class="card closed" aria-labelledby="closed">
      <h2 id="closed">{closedTitle(state)}</h2>
      <p>{text}</p>
      {state === 'before' && onSaleAt !== null && (
        <p class="until">
          <Countdown until={onSaleAt} label={untilSale} clock={frontrow.now} />
        </p>
      )}
    </section>
  );
}
