import type { Core } from '../../client/src/core.ts';
import { FrontrowError, type WaitingRoom } from '../../client/src/index.ts';
import { isStorageDurable } from '../storage.ts';
import { storedStart } from '../stored-values.ts';
import { isEnded, progressOf, troubleOf, type Visit, type VisitorView, withTrouble } from './visit-state.ts';

/**
 * A visitor in the waiting room of an event: joins, or resumes the place that this browser has stored, and waits. All
 * tabs share one place. Its states are named in `visit-state.ts`.
 *
 * @param show is called with each change
 */
export function createVisit(client: Core, eventId: number, show: (visit: Visit) => void) {
  const room = client.waitingRoom(eventId);
  let visit: Visit = { state: 'joining' };
  let visiting = new AbortController();
  /** The place that was stored when the visit changed last. */
  let shownToken: string | undefined;
  /** Called with the first change after the visitor has done something. */
  let answered = () => {};

  function set(next: Visit): void {
    visit = next;
    shownToken = room.visitorToken();
    show(next);
    answered();
  }

  async function run(): Promise<void> {
    visiting.abort();
    visiting = new AbortController();
    const { signal } = visiting;
    const onWork = (workDone: number) => set({ state: 'checking', workDone });
    const onRetry = (error: FrontrowError) => set(withTrouble(visit, troubleOf(error)));
    try {
      for await (const view of room.views({ signal, onWork, onRetry }))
        set({ state: 'inRoom', view, progress: progressInRoom(eventId, room, view, visit) });
    } catch (fault) {
      if (signal.aborted) return;
      if (!(fault instanceof FrontrowError)) throw fault;
      set({ state: 'refused', problem: fault.problem, needsLogin: fault.code === 'UNAUTHENTICATED' });
    }
  }

  /** Visits anew, and resolves once the visitor sees a change. */
  const begin = () =>
    new Promise<void>((resolve) => {
      answered = resolve;
      void run();
    });

  /** Another tab has joined, after this visit has ended or was refused. */
  const follow = () => {
    const isOver = visit.state === 'refused' || (visit.state === 'inRoom' && isEnded(visit.view));
    const token = room.visitorToken();
    if (isOver && token !== undefined && token !== shownToken) void run();
  };
  addEventListener('storage', follow);
  void run();

  return {
    /** Whether a reload finds the place again. */
    isDurable: isStorageDurable,
    /** The token of the visitor's place. */
    visitorToken: room.visitorToken,
    /** Takes a new place, at the end of the line. */
    joinAgain(): Promise<void> {
      room.forgetPlace();
      return begin();
    },
    /** Repeats the request that was refused. */
    retry: begin,
    /** Gives the place up. @throws FrontrowError where the server did not do it: then nothing has changed */
    async leave(): Promise<void> {
      await room.leave();
      visiting.abort();
      storedStart(eventId).remove();
      if (visit.state === 'inRoom') set({ state: 'inRoom', view: { ...visit.view, status: 'left' }, progress: 0 });
    },
    stop(): void {
      visiting.abort();
      removeEventListener('storage', follow);
    },
  };
}

/** How far the visitor has come since the first answer about this place that had a number. */
function progressInRoom(eventId: number, room: WaitingRoom, { ahead }: VisitorView, visit: Visit): number {
  const stored = storedStart(eventId);
  const start = stored.read();
  const visitorToken = room.visitorToken();
  const isSamePlace = start !== undefined && start.visitorToken === visitorToken;
  const previous = isSamePlace && visit.state === 'inRoom' ? visit.progress : 0;
  if (ahead === undefined) return previous;
  if (!isSamePlace && visitorToken !== undefined) stored.write({ visitorToken, ahead });
  return progressOf(isSamePlace ? start.ahead : ahead, ahead, previous);
}
