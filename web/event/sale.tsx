import type { RefObject } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import { Countdown, LastMinute, useMsLeft } from '../countdown.tsx';
import { frontrow } from '../frontrow.ts';
import { CODE, type House, maxSeatsOf } from '../house/house.ts';
import { countsOfOthers, type OwnSeats } from '../house/own-seats.ts';
import { useCounts } from '../house/use-counts.ts';
import { LoggedIn, OfferLogin } from '../login.tsx';
import { HousePlan, PlanPlaceholder } from '../plan/house-plan.tsx';
import type { PlanView } from '../plan/plan-view.ts';
import { EarlierBookings } from '../purchase/earlier-bookings.tsx';
import { HoldsCard } from '../purchase/holds-card.tsx';
import { PurchaseCard } from '../purchase/purchase-card.tsx';
import { canRequest } from '../purchase/purchase-state.ts';
import { texts } from '../texts/texts.ts';
import { Billing } from './billing.tsx';
import { CameBack } from './came-back.tsx';
import { ClosedCard, closedTitle } from './closed-card.tsx';
import { HerdCard } from './herd-card.tsx';
import { mostSeats, noticeText } from './notice.ts';
import { offeredSeats, useOwnSeats } from './own-and-offered.ts';
import { type SaleState, type SaleStatus, saleStateAt } from './sale-state.ts';
import { SeatChoice } from './seat-choice.tsx';
import { SeatList } from './seat-list.tsx';
import { type Choice, useChoice } from './use-choice.ts';
import { useHouse, usePurchase, useSaleStatus } from './use-sale.ts';

/** The event that the demo herd books. */
const HERD_EVENT = 1;

/** The sale of an event: the plan of its seats, and a panel to choose, hold and buy them. */
export function Sale({ event, reopen }: { event: EventView; reopen: () => void }) {
  const { house, isLoaded } = useHouse(event);
  const counts = useCounts(house);
  const view = useRef<PlanView>(undefined);
  const choice = useChoice(event.id, house);
  const sale = usePurchase(
    event,
    house,
    (state, isNewHold) => {
      choice.clearAfter(state);
      if (isNewHold && state.step === 'held') view.current?.showSeat(state.booking.seats[0] ?? '');
    },
    reopen,
  );
  const { state } = sale;
  const saleStatus = useSaleStatus(event, state.step === 'refused' ? state.refusal.code : undefined);
  const saleState = saleStateAt(frontrow.now(), saleStatus, isLoaded ? counts : undefined);
  const isChoosing = canRequest(state);
  const mayPick = isChoosing && isLoaded && saleState === 'open';
  useEffect(() => {
    if (isChoosing) choice.dropUnavailable();
  }, [counts, choice.picked, isChoosing, house]);
  const isOver = saleState === 'ended' || saleState === 'cancelled';
  const offers = useMemo(() => offeredSeats(state), [state]);
  useEffect(() => view.current?.showSeats(offers), [offers]);
  const mine = useOwnSeats(sale);
  const toggle = (label: string) => {
    if (mayPick && !mine.has(label)) choice.toggle(label, mostSeats(event, mine));
  };
  const showZone = (zone: number | undefined) => {
    choice.setZone(zone);
    if (zone === undefined) view.current?.showAll();
    else view.current?.showZone(zone);
  };
  const parts = { event, house, choice, sale, view, mine, toggle, showZone, counts, isLoaded };
  return (
    <main class="house">
      <Billing {...{ event, house, available: counts[CODE.AVAILABLE] ?? 0, isOver }} />
      <SalePlan {...parts} offers={offers} hint={mayPick ? undefined : closedHint(isChoosing, saleState)} />
      <SalePanel {...parts} {...{ isChoosing, mayPick, saleState, saleStatus }} />
    </main>
  );
}

/** The sentence below the plan while its seats cannot be picked. */
const closedHint = (isChoosing: boolean, state: SaleState): string =>
  isChoosing && state !== 'open' ? closedTitle(state) : '';

type Parts = {
  event: EventView;
  house: House;
  choice: Choice;
  sale: ReturnType<typeof usePurchase>;
  view: RefObject<PlanView | undefined>;
  mine: OwnSeats;
  toggle: (label: string) => void;
  showZone: (zone: number | undefined) => void;
  counts: number[];
  isLoaded: boolean;
};

type PlanProps = Parts & { offers: string[]; hint: string | undefined };

function SalePlan({ event, house, choice, sale, view, offers, hint, isLoaded, ...parts }: PlanProps) {
  const { picked, zone, lit, choosePrice } = choice;
  const onView = (created: PlanView) => {
    view.current = created;
    if (zone !== undefined) created.showZone(zone);
  };
  const { mine, counts, toggle, showZone } = parts;
  const shared = { event, house, mine, counts, filter: { lit, choose: choosePrice }, connection: sale.connection };
  if (!isLoaded) return <PlanPlaceholder {...shared} />;
  return <HousePlan {...shared} {...{ picked, offers, hint, toggle, showZone, onView }} />;
}

type PanelProps = Parts & {
  isChoosing: boolean;
  mayPick: boolean;
  saleState: SaleState;
  saleStatus: SaleStatus;
};

function SalePanel({ isChoosing, mayPick, saleState, saleStatus, ...parts }: PanelProps) {
  const { event, house, choice, sale, view, mine, toggle, showZone, counts } = parts;
  const { state, purchase, bookings, holds } = sale;
  const others = countsOfOthers(house, counts, mine);
  const [admissionEnd] = useState(() => frontrow.admission(event.id)?.expiresAt);
  const current = 'booking' in state ? state.booking : undefined;
  const earlier = bookings.filter(({ id }) => id !== current?.id);
  /** On a phone the plan may be out of sight. */
  const showSeat = (label: string) => {
    view.current?.showSeat(label);
    document.querySelector('.stage')?.scrollIntoView({ block: 'nearest' });
  };
  const showOnPlan = current && (() => showSeat(current.seats[0] ?? ''));
  return (
    <div class="panel">
      {purchase !== undefined && (
        <PurchaseCard state={state} purchase={purchase} event={event} house={house} showOnPlan={showOnPlan} />
      )}
      {admissionEnd !== undefined && isChoosing && <AdmissionLeft until={admissionEnd} />}
      <p class="unseen" role="status">
        {isChoosing && saleState !== 'open' && closedTitle(saleState)}
      </p>
      {isChoosing && saleState !== 'open' && (
        <ClosedCard state={saleState} event={{ ...event, ...saleStatus }} held={others[CODE.HELD] ?? 0} />
      )}
      {purchase !== undefined && isChoosing && (
        <CameBack state={saleState} house={house} maxSeats={maxSeatsOf(event)} request={purchase.request} />
      )}
      {purchase !== undefined && isChoosing && saleState === 'open' && (
        <SeatChoice
          {...{ event, house, choice, showZone }}
          most={Math.max(1, mostSeats(event, mine))}
          othersCounts={others}
          request={purchase.request}
          notice={choice.notice && noticeText(house, choice.notice, mine)}
        />
      )}
      {mayPick && <SeatList {...{ event, house, choice, mine, toggle, showZone }} />}
      {purchase !== undefined && holds.length > 0 && <HoldsCard house={house} holds={holds} adopt={purchase.adopt} />}
      {earlier.length > 0 && <EarlierBookings house={house} bookings={earlier} showSeat={showSeat} />}
      {(isChoosing || state.step === 'bought') && <LoggedIn />}
      {isChoosing && purchase !== undefined && <OfferLogin offer={purchase.offerLogin} />}
      {event.id === HERD_EVENT && <HerdCard />}
    </div>
  );
}

/** The countdown of an admission. Its last minute and its end are announced once. */
function AdmissionLeft({ until }: { until: string }) {
  const isOver = useMsLeft(until, Date.now) <= 0;
  return (
    <p class="notice">
      {isOver ? (
        <span role="alert">{texts.purchase.turnPassed}</span>
      ) : (
        <>
          {texts.purchase.yourTurn} <Countdown until={until} label={texts.purchase.timeToHold} clock={Date.now} />{' '}
          {texts.purchase.leftToHold}
        </>
      )}
      <LastMinute until={until} text={texts.purchase.lastMinuteToHold} clock={Date.now} />
    </p>
  );
}
