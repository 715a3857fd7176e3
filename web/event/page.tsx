import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import { MAX_SEATS_PER_REQUEST } from '../../shared/contract/limits.ts';
import { Refused } from '../answers.ts';
import { keptAdmission } from '../kept.ts';
import { Masthead } from '../masthead.tsx';
import { Choose } from './choose.tsx';
import { HerdCard } from './herd.tsx';
import { CODE, createHouse, type House } from './house.ts';
import { type Connection, createLive, get } from './live.ts';
import { HousePlan } from './plan.tsx';
import { createPurchase, hasBegun, type PurchaseOfTab, type Standing, toWaitingRoom } from './purchase.ts';
import { SeatList } from './seat-list.tsx';
import { StandingCard } from './standing.tsx';
import type { View } from './view.ts';
import { numberInWords, priceInWords } from './words.ts';

/** Milliseconds between two tries to open the house: doubled each time, and half of it by chance. */
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

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
        const [view, isOpen] = await Promise.all([get<EventView>(`/api/events/${eventId}`), mayEnter(eventId)]);
        if (isOpen) setEvent(view);
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
  const admission = keptAdmission(eventId).read();
  if (hasBegun(eventId) || (admission !== undefined && Date.parse(admission.expiresAt) > Date.now())) return true;
  try {
    const { status } = await get<{ status: string }>(`/api/events/${eventId}/waiting-room`);
    return status === 'open' || status === 'sold_out';
  } catch (fault) {
    return !(fault instanceof Refused && fault.code === 'PLACE_UNKNOWN'); // a room that is on knows us not
  }
}

function Sale({ event }: { event: EventView }) {
  const house = useMemo(() => createHouse(event), [event]);
  const [standing, setStanding] = useState<Standing>({ step: 'choosing' });
  const [clockAheadMs, setClockAheadMs] = useState(0);
  const [connection, setConnection] = useState<Connection>('connecting');
  const [mine, setMine] = useState<string[]>([]);
  const [picked, setPicked] = useState<string[]>([]);
  const [zone, setZone] = useState<number>();
  const [purchase, setPurchase] = useState<PurchaseOfTab>();
  const view = useRef<View>(undefined);
  const counts = useCounts(house);

  useEffect(() => {
    let wasHeld = false;
    const begun = createPurchase(event.id, {
      standing(next, ahead) {
        setStanding(next);
        setClockAheadMs(ahead);
        if (next.step === 'held' || next.step === 'refused') setPicked([]);
        if (next.step === 'held' && !wasHeld) view.current?.showSeat(next.booking.seats[0] ?? '');
        wasHeld = next.step === 'held';
      },
      seats: setMine,
    });
    const live = createLive(event, house, { connection: setConnection, ticket: begun.takeTicket });
    begun.resume(live);
    setPurchase(begun);
    return () => {
      begun.stop();
      live.stop();
    };
  }, [event, house]);

  const isChoosing = standing.step === 'choosing' || standing.step === 'refused';

  /** Picks a free seat, or lets a picked one go. */
  const choose = (label: string) => {
    if (!isChoosing) return;
    setPicked((before) => {
      if (before.includes(label)) return before.filter((one) => one !== label);
      if (house.statusOf(label) !== CODE.AVAILABLE) return before;
      return [...before, label].slice(-MAX_SEATS_PER_REQUEST);
    });
  };
  const lookAt = (number: number | undefined) => {
    setZone(number);
    if (number === undefined) view.current?.whole();
    else view.current?.showZone(number);
  };
  const own = 'booking' in standing ? standing.booking.seats[0] : undefined;

  return (
    <main class="house">
      <header class="billing">
        <h1>{event.name}</h1>
        <p>
          {numberInWords(counts[CODE.AVAILABLE] ?? 0)} of {numberInWords(event.totalSeats)} seats free ·{' '}
          {pricesOf(event)}
        </p>
      </header>
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
        }}
      />
      <div class="panel">
        {purchase !== undefined && (
          <StandingCard
            standing={standing}
            clockAheadMs={clockAheadMs}
            purchase={purchase}
            event={event}
            lookAt={own === undefined ? undefined : () => view.current?.showSeat(own)}
          />
        )}
        {purchase !== undefined && isChoosing && (
          <Choose
            event={event}
            house={house}
            picked={picked}
            setPicked={setPicked}
            zone={zone}
            lookAt={lookAt}
            ask={purchase.ask}
          />
        )}
        {isChoosing && (
          <SeatList event={event} house={house} picked={picked} choose={choose} zone={zone} lookAt={lookAt} />
        )}
        {event.id === HERD_EVENT && <HerdCard />}
      </div>
    </main>
  );
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
  if (high === 0) return 'free of charge';
  return low === high
    ? `${priceInWords(low, currency)} a seat`
    : `${priceInWords(low, currency)} to ${priceInWords(high, currency)} a seat`;
}
