import type { EventView } from '../../shared/contract/events.ts';
import type { Alternative } from '../../shared/contract/tickets.ts';
import { useMsLeft } from '../countdown.tsx';
import { frontrow } from '../frontrow.ts';
import type { House } from '../house/house.ts';
import { runsTotal } from '../house/prices.ts';
import { priceText } from '../money.ts';
import { texts } from '../texts/texts.ts';
import { Card } from './card.tsx';
import type { Purchase } from './purchase.ts';
import type { Refusal } from './purchase-state.ts';
import { alternativeText, durationText, refusalTitle, wishText } from './text.ts';

type Props = { refusal: Refusal; purchase: Purchase; event: EventView; house: House };

/** Why no seats were held, and the seats that could be instead. */
export function RefusedCard({ refusal, purchase, event, house }: Props) {
  const { wish, alternatives, split, holdAgainAt } = refusal;
  const types = 'types' in wish ? wish.types : undefined;
  const wishOf = ({ zone, row, startIndex, seatsCount: count }: Alternative) => ({
    ...(startIndex === undefined ? { zone, row, count } : { zone, row, start: startIndex, count }),
    ...(types && { types }),
  });
  return (
    <Card title={refusalTitle(house, refusal)}>
      <p class="hint">{texts.purchase.yourRequest(wishText(house, wish))}</p>
      {holdAgainAt !== undefined && <HoldAgain at={holdAgainAt} retry={() => purchase.request(wish)} />}
      {split.length > 0 && !('seats' in wish) && (
        <>
          <p class="label">{texts.purchase.nearlyTogether}</p>
          <ul class="alternatives">
            <Offer
              seats={split.map((run) => alternativeText(house, run)).join('; ')}
              hold={texts.purchase.takeApart}
              total={runsTotal(house, split, types)}
              currency={event.currency}
              onClick={() => purchase.request({ ...wish, split: true })}
            />
          </ul>
        </>
      )}
      {alternatives.length > 0 && (
        <>
          <p class="label">{texts.purchase.nearest}</p>
          <ul class="alternatives">
            {alternatives.map((alternative) => (
              <Offer
                key={alternativeText(house, alternative)}
                seats={alternativeText(house, alternative)}
                hold={texts.purchase.hold(texts.house.seatCount(alternative.seatsCount))}
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
      <span>{total === undefined ? hold : texts.purchase.withTotal(hold, priceText(total, currency))}</span>
    </button>
  </li>
);

/** The countdown until the buyer may hold again, then a button to retry. */
function HoldAgain({ at, retry }: { at: string; retry: () => void }) {
  const leftMs = useMsLeft(at, frontrow.now);
  return (
    <>
      <p class="notice">
        {leftMs > 0 ? (
          <time role="timer" dateTime={at}>
            {texts.purchase.holdAgainIn(durationText(leftMs))}
          </time>
        ) : (
          <span role="status">{texts.purchase.holdAgainNow}</span>
        )}
      </p>
      {leftMs <= 0 && (
        <div class="actions">
          <button type="button" class="action" onClick={retry}>
            {texts.purchase.tryAgain}
          </button>
        </div>
      )}
    </>
  );
}
