import { RefusedError } from '../refused-error.ts';
import { createRetryTimer, type RetryTimer } from '../retry-timer.ts';
import { serverNow } from '../server-clock.ts';
import { storedAdmission, storedPlace } from '../stored-values.ts';
import { callRoom, join, type RoomAnswer } from './join.ts';
import { afterFailure, isEnded, progressOf, type Visit, withTrouble } from './visit-state.ts';

const BACKOFF = { firstMs: 1_000, maxMs: 30_000 };

/** Milliseconds until the next request, whatever the answer says. */
const POLL_BOUNDS_MS = { min: 1_000, max: 86_400_000 };

type VisitContext = {
  readonly eventId: number;
  readonly show: (visit: Visit) => void;
  readonly timer: RetryTimer;
  /** Ends the work for a challenge when the page closes. */
  readonly closing: AbortController;
  visit: Visit;
  /** The visitor token of the answer that the page shows. */
  shownToken: string | undefined;
  /** Counts requests: only the answer to the newest is used. */
  newestRequest: number;
};

/**
 * A visitor in the waiting room of an event: joins, or resumes the place that this browser has stored, polls as often
 * as the server says, and retries after faults. All tabs share one place. Its states are named in `visit-state.ts`.
 *
 * @param show is called with each change
 */
export function createVisit(eventId: number, show: (visit: Visit) => void) {
  const context: VisitContext = {
    eventId,
    show,
    timer: createRetryTimer(BACKOFF),
    closing: new AbortController(),
    visit: { state: 'joining' },
    shownToken: undefined,
    newestRequest: 0,
  };
  const place = storedPlace(eventId);
  const poll = () => update(context);
  const follow = (change: StorageEvent) => followOtherTab(context, change);
  const resume = () => {
    if ('trouble' in context.visit && context.visit.trouble === 'lost') void poll();
  };
  addEventListener('storage', follow);
  addEventListener('online', resume);
  void poll();

  return {
    /** Whether a reload finds the place again. */
    isDurable: place.isDurable,
    /** Takes a new place, at the end of the line. */
    joinAgain(): Promise<void> {
      place.remove();
      return poll();
    },
    /** Repeats the request that was refused. */
    retry: poll,
    /** Gives the place up. @throws Error where the server did not answer: then nothing has changed */
    async leave(): Promise<void> {
      await callRoom(eventId, 'DELETE').catch((fault) => {
        if (!(fault instanceof RefusedError && fault.code === 'PLACE_UNKNOWN')) throw fault; // it is void already
      });
      place.remove();
      storedAdmission(eventId).remove();
      showLeft(context);
    },
    stop(): void {
      context.timer.cancel();
      context.closing.abort();
      context.newestRequest += 1;
      removeEventListener('storage', follow);
      removeEventListener('online', resume);
    },
  };
}

function show(context: VisitContext, visit: Visit): void {
  context.visit = visit;
  context.show(visit);
}

/** Joins or polls, and schedules the next poll. */
async function update(context: VisitContext): Promise<void> {
  const { eventId, timer, closing } = context;
  timer.cancel();
  context.newestRequest += 1;
  const request = context.newestRequest;
  const token = storedPlace(eventId).read()?.visitorToken;
  const onWork = (workDone: number) => show(context, { state: 'checking', workDone });
  try {
    const answer = await (token === undefined
      ? join(eventId, { onWork, signal: closing.signal })
      : callRoom(eventId, 'GET'));
    if (request === context.newestRequest) takeAnswer(context, answer);
  } catch (fault) {
    if (request === context.newestRequest) handleFailure(context, fault, token);
  }
}

function takeAnswer(context: VisitContext, view: RoomAnswer): void {
  const { eventId, timer, visit, shownToken } = context;
  timer.succeeded();
  const stored = storedPlace(eventId);
  const place = stored.read();
  context.shownToken = place?.visitorToken;
  const { ahead } = view;
  if (place !== undefined && ahead !== undefined && place.aheadAtStart === undefined) {
    place.aheadAtStart = ahead;
    stored.write(place);
  }
  if (view.admission !== undefined)
    storedAdmission(eventId).write({ ...view.admission, aheadMs: serverNow() - Date.now() });
  const previous = visit.state === 'inRoom' && place?.visitorToken === shownToken ? visit.progress : 0;
  const progress = ahead === undefined ? previous : progressOf(place?.aheadAtStart ?? ahead, ahead, previous);
  show(context, { state: 'inRoom', view, progress });
  if (isEnded(view)) return;
  // After each answer, not by an interval: browsers slow the intervals of a hidden page to one a minute, as long as a
  // turn.
  const { min, max } = POLL_BOUNDS_MS;
  timer.schedule(Math.min(max, Math.max(min, 1000 * view.askAgainSeconds)), () => update(context));
}

function handleFailure(context: VisitContext, fault: unknown, token: string | undefined): void {
  const { eventId, timer, visit } = context;
  const next = afterFailure(fault, token !== undefined);
  switch (next.action) {
    case 'retry':
      show(context, withTrouble(visit, next.trouble));
      timer.retry(() => update(context), Math.max(POLL_BOUNDS_MS.min, next.leastMs));
      return;
    case 'join again':
      // Another tab may have a new place already.
      if (storedPlace(eventId).read()?.visitorToken === token) storedPlace(eventId).remove();
      void update(context);
      return;
    case 'refuse':
      show(context, { state: 'refused', problem: next.problem, needsLogin: next.needsLogin });
  }
}

/** Another tab has joined again, or left. */
function followOtherTab(context: VisitContext, { key }: StorageEvent): void {
  const place = storedPlace(context.eventId);
  if (key !== place.key && key !== null) return;
  const token = place.read()?.visitorToken;
  if (token === context.shownToken) return;
  if (token === undefined) showLeft(context);
  else void update(context);
}

function showLeft(context: VisitContext): void {
  const { timer, visit } = context;
  timer.cancel();
  context.newestRequest += 1;
  context.shownToken = undefined;
  if (visit.state === 'inRoom')
    show(context, { state: 'inRoom', view: { ...visit.view, status: 'left' }, progress: 0 });
}
