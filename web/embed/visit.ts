import { type FrontrowClient, FrontrowError, type WaitingRoom } from '../../client/src/index.ts';
import { isEnded, progressOf, type Visit, type VisitorView, withTrouble } from '../wait/visit-state.ts';

/**
 * A visitor in the waiting room of an event: joins, or resumes the place that the page has stored, and waits. Its
 * states are named in `visit-state.ts`.
 *
 * @param show is called with each change
 */
export function createVisit(client: FrontrowClient, eventId: number, show: (visit: Visit) => void) {
  const room = client.waitingRoom(eventId);
  const progressIn = createProgress(room);
  let visit: Visit = { state: 'joining' };
  let visiting = new AbortController();

  function set(next: Visit): void {
    visit = next;
    show(next);
  }

  async function begin(): Promise<void> {
    visiting.abort();
    visiting = new AbortController();
    const { signal } = visiting;
    const onWork = (workDone: number) => set({ state: 'checking', workDone });
    const onRetry = ({ code }: FrontrowError) => set(withTrouble(visit, code === 'NO_ANSWER' ? 'lost' : 'busy'));
    try {
      for await (const view of room.views({ signal, onWork, onRetry }))
        set({ state: 'inRoom', view, progress: progressIn(view) });
    } catch (fault) {
      if (signal.aborted) return;
      if (!(fault instanceof FrontrowError)) throw fault;
      set({
        state: 'refused',
        problem: fault.problem as (Visit & { state: 'refused' })['problem'],
        needsLogin: fault.code === 'UNAUTHENTICATED',
      });
    }
  }

  /** Another tab has joined again, after this visit has ended. */
  const follow = () => {
    if (visit.state === 'inRoom' && isEnded(visit.view) && room.visitorToken() !== undefined) void begin();
  };
  addEventListener('storage', follow);
  void begin();

  return {
    /** Takes a new place, at the end of the line. */
    joinAgain(): Promise<void> {
      room.forgetPlace();
      return begin();
    },
    /** Repeats what was refused. */
    retry: () => void begin(),
    /** Gives the place up. @throws FrontrowError where the server did not do it: then nothing has changed */
    async leave(): Promise<void> {
      await room.leave();
      visiting.abort();
      if (visit.state === 'inRoom') set({ state: 'inRoom', view: { ...visit.view, status: 'left' }, progress: 0 });
    },
    stop(): void {
      visiting.abort();
      removeEventListener('storage', follow);
    },
  };
}

/** How far the visitor has come since the first answer about a place that had a number. */
function createProgress(room: WaitingRoom) {
  let start: { token: string | undefined; ahead: number } | undefined;
  let progress = 0;
  return ({ ahead }: VisitorView): number => {
    const token = room.visitorToken();
    if (start?.token !== token) {
      start = undefined;
      progress = 0;
    }
    if (ahead === undefined) return progress;
    start ??= { token, ahead };
    progress = progressOf(start.ahead, ahead, progress);
    return progress;
  };
}
