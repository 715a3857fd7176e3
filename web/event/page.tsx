import { useEffect, useRef, useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import { Masthead } from '../masthead.tsx';
import { isFromHistory, openingOf } from '../opening.ts';
import { admissionEndOf } from '../purchase/admission.ts';
import { hasPurchase } from '../purchase/purchase.ts';
import { goToWaitingRoom } from '../purchase/purchase-steps.ts';
import { refusalText } from '../refusal-text.ts';
import { RefusedError } from '../refused-error.ts';
import { get } from '../requests.ts';
import { createRetryTimer } from '../retry-timer.ts';
import { texts } from '../texts/texts.ts';
import { Sale } from './sale.tsx';

const BACKOFF = { firstMs: 1_000, maxMs: 30_000 };

/** Milliseconds over which pages spread that read an event again, because its house has changed. */
const REOPEN_SPREAD_MS = 2_000;

/** `/events/:id`: the seats of an event, live, and their sale. */
export function EventPage({ eventId }: { eventId: number }) {
  const [event, setEvent] = useState(() => (isFromHistory() ? undefined : openingOf<EventView>()));
  const [problem, setProblem] = useState<string>();
  const reopen = useRef(() => {});
  useEffect(() => {
    const timer = createRetryTimer(BACKOFF);
    const open = async (): Promise<void> => {
      try {
        // The waiting room first: it answers a crowd from memory, and keeps the crowd away from the other routes.
        if (await mayEnter(eventId)) setEvent(await get<EventView>(`/api/events/${eventId}`));
        else goToWaitingRoom(eventId);
      } catch (fault) {
        const isFinal = fault instanceof RefusedError && !fault.isTemporary;
        setProblem(isFinal ? refusalText(fault.problem) : texts.pages.eventLost);
        if (!isFinal) timer.retry(open);
      }
    };
    reopen.current = () => timer.schedule(Math.random() * REOPEN_SPREAD_MS, open);
    if (event === undefined) void open();
    return timer.cancel;
  }, [eventId]);
  useEffect(() => {
    if (event !== undefined) document.title = `${event.name} · Frontrow`;
  }, [event]);
  return (
    <>
      <Masthead />
      {event === undefined ? (
        <main>
          <h1>{problem === undefined ? texts.pages.loadingEvent : texts.pages.noEventToShow}</h1>
          {problem !== undefined && (
            <p class="notice" role="alert">
              {problem}
            </p>
          )}
        </main>
      ) : (
        <Sale event={event} reopen={() => reopen.current()} />
      )}
    </>
  );
}

/** Whether a visitor comes from the waiting room to see their bookings: a request for seats leads back there. */
const wantsBookings = (): boolean => new URLSearchParams(location.search).has('bookings');

/** Whether seats may be requested: the waiting room is off or has admitted this browser, or a purchase has begun. */
async function mayEnter(eventId: number): Promise<boolean> {
  if (wantsBookings() || hasPurchase(eventId) || admissionEndOf(eventId) !== undefined) return true;
  try {
    await get(`/api/events/${eventId}/waiting-room`);
    return true;
  } catch (fault) {
    return !(fault instanceof RefusedError && fault.code === 'PLACE_UNKNOWN'); // the room is on
  }
}
