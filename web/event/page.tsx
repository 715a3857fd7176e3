import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import type { SeatWish } from '../../shared/contract/reserve.ts';
import { Refused, serverNow } from '../answers.ts';
import { Countdown, LastMinute, useMsLeft } from '../countdown.tsx';
import { type KeptBooking, keptAdmission, keptWish } from '../kept.ts';
import { LoggedIn } from '../login.tsx';
import { Masthead } from '../masthead.tsx';
import { get } from '../requests.ts';
import { numberInWords } from '../words.ts';
import { Choose } from './choose.tsx';
import { HerdCard } from './herd.tsx';
import { CODE, createHouse, type House, mostAtOnce } from './house.ts';
import { type Connection, createLive } from './live.ts';
import { HousePlan } from './plan.tsx';
import { createPurchase, hasBegun, type Purchase, type Standing, toWaitingRoom } from './purchase.ts';
import { SeatList } from './seat-list.tsx';
import { Bookings, StandingCard } from './standing.tsx';
import type { View } from './view.ts';
import { priceInWords, seatsInWords } from './words.ts';

/** Milliseconds between two tries to open the house: doubled each time, and half of it by chance. */
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/** Milliseconds between two looks whether paused sales go on, and until an opening that is far: it is looked at again, for it may be moved. */
const PAUSED_MS = 60_000;
const FAR_MS = 3_600_000;

/** The one that the herd goes to. */
const HERD_EVENT = 1;

/** `/events/:id`: the house, live, and buying seats of it. */
export function EventPage({ eventId }: { eventId: number }) {
  const [event, setEvent] = useState<EventView>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const open = async (failures: number): Promise<void> => {
      try {
        // The waiting room first: it answers a crowd from memory, and sends it where it asks for nothing else.
        if (await mayEnter(eventId)) setEvent(await get<EventView>(`/api/events/${eventId}`));
        else toWaitingRoom(eventId);
      } catch (fault) {
        const isFinal = fault instanceof Refused && !fault.passes;
        setProblem(isFinal ? fault.message : 'The house is out of reach. Trying again.');
        const backoffMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.5 + Math.random() / 2);
        if (!isFinal) timer = setTimeout(() => void open(failures + 1), backoffMs);
      }
    };
    void open(0);
    return () => clearTimeout(timer);
  }, [eventId]);
  useEffect(() => {
    document.title = `${event?.name ?? `Event ${eventId}`} · Frontrow`;
  }, [event, eventId]);
  return (
    <>
      <Masthead where={`Event ${eventId}`} />
      {event === undefined ? (
        <main>
          <h1>{problem === undefined ? 'Opening the house' : 'No seats to show'}</h1>
          {problem !== undefined && (
            <p class="notice" role="alert">
              {problem}
            </p>
          )}
        </main>
      ) : (
        <Sale event={event} />
      )}
    </>
  );
}

/** Whether seats may be asked for: the waiting room is off, or has let this browser in, or seats are asked for already. */
async function mayEnter(eventId: number): Promise<boolean> {
  if (hasBegun(eventId) || admissionEnds(eventId) !== undefined) return true;
  try {
    await get(`/api/events/${eventId}/waiting-room`);
    return true;
  } catch (fault) {
    return !(fault instanceof Refused && fault.code === 'PLACE_UNKNOWN'); // a room that is on knows us not
  }
}

/** The time until which this browser may request seats with its admission, by this machine's clock. */
function admissionEnds(eventId: number): string | undefined {
  const admission = keptAdmission(eventId).read();
  if (admission === undefined) return undefined;
  const endsMs = Date.parse(admission.expiresAt) - (admission.aheadMs ?? 0);
  return endsMs > Date.now() ? new Date(endsMs).toISOString() : undefined;
}

/** What this browser asked for before it was sent to the waiting room, once. */
function takeWish(eventId: number): SeatWish | undefined {
  const wish = keptWish(eventId).read();
  keptWish(eventId).forget();
  return wish;
}

function Sale({ event }: { event: EventView }) {
  const house = useMemo(() => createHouse(event), [event]);
  const door = useDoor(event);
  const [standing, setStanding] = useState<Standing>({ step: 'choosing' });
  const [connection, setConnection] = useState<Connection>('connecting');
  const [isDrawn, setDrawn] = useState(false);
  const [bookings, setBookings] = useState<KeptBooking[]>([]);
  const [wish] = useState(() => takeWish(event.id));
  const [ends] = useState(() => admissionEnds(event.id));
  const [picked, setPicked] = useState(wish !== undefined && 'seats' in wish ? wish.seats : []);
  const [taken, setTaken] = useState<string[]>([]);
  const [zone, setZone] = useState(wish !== undefined && 'count' in wish ? wish.zone : undefined);
  const [count, setCount] = useState(wish !== undefined && 'count' in wish ? wish.count : 2);
  const [purchase, setPurchase] = useState<Purchase>();
  const view = useRef<View>(undefined);
  const counts = useCounts(house);

  useEffect(() => {
    let wasHeld = false;
    const begun = createPurchase(event, {
      standing(next) {
        setStanding(next);
        if (next.step !== 'choosing') setTaken([]);
        if (next.step === 'held' || next.step === 'refused') setPicked([]);
        if (next.step === 'held' && !wasHeld) view.current?.showSeat(next.booking.seats[0] ?? '');
        wasHeld = next.step === 'held';
      },
      bookings: setBookings,
    });
    const live = createLive(event, house, { connection: setConnection, ticket: begun.takeTicket });
    const undraw = house.listen(() => setDrawn(true)); // from the first map on
    begun.resume(live);
    setPurchase(begun);
    return () => {
      undraw();
      begun.stop();
      live.stop();
    };
  }, [event, house]);

  const isChoosing = standing.step === 'choosing' || standing.step === 'refused';

  // What another takes is no choice any more.
  useEffect(() => {
    if (!isChoosing) return;
    const gone = picked.filter((label) => house.statusOf(label) !== CODE.AVAILABLE);
    if (gone.length === 0) return;
    setPicked(picked.filter((label) => !gone.includes(label)));
    setTaken(gone);
  }, [counts, picked, isChoosing, house]);

  /** Picks a free seat, or lets a picked one go. */
  const choose = (label: string) => {
    if (!isChoosing || !isDrawn) return;
    setTaken([]);
    setPicked((before) => {
      if (before.includes(label)) return before.filter((one) => one !== label);
      if (house.statusOf(label) !== CODE.AVAILABLE) return before;
      return [...before, label].slice(-mostAtOnce(event));
    });
  };
  const lookAt = (number: number | undefined) => {
    setZone(number);
    if (number === undefined) view.current?.whole();
    else view.current?.showZone(number);
  };
  const own = 'booking' in standing ? standing.booking : undefined;
  const mine = useMemo(() => {
    const labels = [...bookings, ...(own === undefined ? [] : [own])].flatMap(({ seats }) => seats);
    return [...new Set(labels)];
  }, [bookings, own]);
  /** On a phone the plan may be out of sight. */
  const showSeat = (label: string) => {
    view.current?.showSeat(label);
    document.querySelector('.stage')?.scrollIntoView({ block: 'nearest' });
  };
  const past = bookings.filter(({ id }) => id !== own?.id);

  return (
    <main class="house">
      <header class="billing">
        <h1>{event.name}</h1>
        <p>
          {numberInWords(counts[CODE.AVAILABLE] ?? 0)} of {numberInWords(event.totalSeats)} seats free ·{' '}
          {pricesOf(event)}
        </p>
      </header>
      {isDrawn ? (
        <HousePlan
          house={house}
          mine={mine}
          picked={picked}
          choose={choose}
          connection={connection}
          lookAt={lookAt}
          counts={counts}
          event={event}
          onView={(created) => {
            view.current = created;
            if (zone !== undefined) created.showZone(zone);
          }}
        />
      ) : (
        <section class="plan" aria-label="Plan of the house">
          <div class="stage">
            <p class="pointed" role="status">
              {connection === 'lost' ? 'The seats are out of reach. Trying again.' : 'Loading the seats'}
            </p>
          </div>
        </section>
      )}
      <div class="panel">
        {purchase !== undefined && (
          <StandingCard
            standing={standing}
            purchase={purchase}
            event={event}
            lookAt={own === undefined ? undefined : () => showSeat(own.seats[0] ?? '')}
          />
        )}
        {ends !== undefined && isChoosing && <TurnLeft until={ends} />}
        <p class="notice taken" role="status">
          {taken.length > 0 && `${seatsInWords(taken)}: somebody was faster.`}
        </p>
        {purchase !== undefined && isChoosing && (
          <Choose
            event={{ ...event, ...door }}
            house={house}
            picked={picked}
            setPicked={setPicked}
            zone={zone}
            lookAt={lookAt}
            count={count}
            setCount={setCount}
            ask={purchase.ask}
          />
        )}
        {isChoosing && isDrawn && (
          <SeatList event={event} house={house} picked={picked} choose={choose} zone={zone} lookAt={lookAt} />
        )}
        {past.length > 0 && <Bookings bookings={past} show={showSeat} />}
        {(isChoosing || standing.step === 'bought') && <LoggedIn />}
        {event.id === HERD_EVENT && <HerdCard />}
      </div>
    </main>
  );
}

/** The clock of an admission; the last minute and its end are said once. */
function TurnLeft({ until }: { until: string }) {
  const isOver = useMsLeft(until, Date.now) <= 0;
  return (
    <p class="notice">
      {isOver ? (
        <span role="alert">Your turn has passed: who asks for seats now joins the line anew.</span>
      ) : (
        <>
          Your turn: <Countdown until={until} label="Time left to hold seats" clock={Date.now} /> left to hold seats.
        </>
      )}
      <LastMinute until={until} words="Less than a minute is left to hold seats." clock={Date.now} />
    </p>
  );
}

/** Whether sales are open, as last told: by the clock when they should open, and asked now and then while that is far, or they are paused. */
function useDoor(event: EventView): Pick<EventView, 'onSaleAt' | 'salesPaused'> {
  const [door, setDoor] = useState<Pick<EventView, 'onSaleAt' | 'salesPaused'>>(event);
  const { onSaleAt, salesPaused } = door;
  useEffect(() => {
    const untilSaleMs = onSaleAt === null ? 0 : Date.parse(onSaleAt) - serverNow();
    if (untilSaleMs <= 0 && !salesPaused) return;
    const isSoon = untilSaleMs > 0 && untilSaleMs < FAR_MS;
    const waitMs = isSoon ? untilSaleMs : (untilSaleMs > 0 ? FAR_MS / 2 : PAUSED_MS) * (0.5 + Math.random());
    const timer = setTimeout(() => {
      if (isSoon) return setDoor({ onSaleAt: null, salesPaused }); // everybody who waits for it would ask at once
      get<EventView>(`/api/events/${event.id}`).then(
        (view) => setDoor(view),
        () => setDoor({ ...door }), // and again after a while
      );
    }, waitMs);
    return () => clearTimeout(timer);
  }, [event, door]);
  return door;
}

/** Counts of the whole house, a few times a second: more nobody reads. */
function useCounts(house: House): number[] {
  const [counts, setCounts] = useState(() => house.counts());
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unlisten = house.listen(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setCounts(house.counts());
      }, 200);
    });
    return () => {
      clearTimeout(timer);
      unlisten();
    };
  }, [house]);
  return counts;
}

function pricesOf({ zones, currency }: EventView): string {
  const prices = zones.map(({ price }) => price);
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  if (high === 0) return priceInWords(0, currency);
  if (low === 0) return `free of charge, or up to ${priceInWords(high, currency)} a seat`;
  return low === high
    ? `${priceInWords(low, currency)} a seat`
    : `${priceInWords(low, currency)} to ${priceInWords(high, currency)} a seat`;
}
