import { useEffect, useRef, useState } from 'preact/hooks';
import type { FollowOptions } from '../../client/src/index.ts';
import type { EventView } from '../../shared/contract/events.ts';
import { frontrow } from '../frontrow.ts';
import { Masthead } from '../masthead.tsx';
import { isFromHistory, openingOf } from '../opening.ts';
import { hasPurchase } from '../purchase/purchase.ts';
import { goToWaitingRoom } from '../purchase/purchase-steps.ts';
import { refusalText } from '../refusal-text.ts';
import { isFinal, isRefused } from '../refused.ts';
import { texts } from '../texts/texts.ts';
import { Sale } from './sale.tsx';

/** Milliseconds over which pages spread that read an event again, because its house has changed. */
const REOPEN_SPREAD_MS = 2_000;

/** `/events/:id`: the seats of an event, live, and their sale. */
export function EventPage({ eventId }: { eventId: number }) {
  const [event, setEvent] = useState(() => (isFromHistory() ? undefined : openingOf<EventView>()));
  const [problem, setProblem] = useState<string>();
  const reopen = useRef(() => {});
  useEffect(() => {
    const closing = new AbortController();
    const { signal } = closing;
    const following = { signal, onRetry: () => setProblem(texts.pages.eventLost) };
    const open = async (): Promise<void> => {
      try {
        // The waiting room first: it answers a crowd from memory, and keeps the crowd away from the other routes.
        if (!(await mayEnter(eventId, following))) return goToWaitingRoom(eventId);
        const found = await frontrow.event(eventId, following);
        if (found.totalSeats === 0) goToWaitingRoom(eventId);
        else setEvent(found);
      } catch (fault) {
        if (signal.aborted) return;
        if (!isFinal(fault)) throw fault;
        setProblem(refusalText(fault.problem));
      }
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    reopen.current = () => {
      clearTimeout(timer);
      timer = setTimeout(() => void open(), Math.random() * REOPEN_SPREAD_MS);
    };
    if (event === undefined) void open();
    return () => {
      clearTimeout(timer);
      closing.abort();
    };
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
async function mayEnter(eventId: number, following: FollowOptions): Promise<boolean> {
  if (wantsBookings() || hasPurchase(eventId) || frontrow.admission(eventId) !== undefined) return true;
  try {
    await frontrow.request('GET', `/api/events/${eventId}/waiting-room`, following);
    return true;
  } catch (fault) {
    if (following.signal?.aborted) throw fault;
    return !(isRefused(fault) && fault.code === 'PLACE_UNKNOWN'); // the room is on
  }
}
