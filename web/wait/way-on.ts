import { useEffect, useState } from 'preact/hooks';
import { FrontrowError, type ProblemFields, type VisitorStatus } from '../../client/src/index.ts';
import { frontrow } from '../frontrow.ts';
import { storedValue } from '../storage.ts';

/** Milliseconds between a visitor's turn and the page's going on by itself: for the sound, and to read it. */
const PAUSE_MS = 1_500;

/** Milliseconds in which a visitor who is here again was sent back by the site: the page does not go by itself. */
const SENT_BACK_MS = 20_000;

/** Milliseconds after which a browser that is still here has not followed: the visitor may try again. */
const LEAVING_MS = 10_000;

/**
 * The states of the way to the site:
 *
 * - `soon`: the page goes by itself in a moment, or once it is seen → `going`.
 * - `here`: the visitor may go. `wasSentBack`: the page has just let them go, and they are here again. They go →
 *   `going`.
 * - `going`: an entry is requested, then the browser leaves. It is still here after a while → `here`. A refusal →
 *   `refused`.
 * - `refused`: no entry. `isFinal`: the same request would be refused again. Else they try again → `going`.
 */
export type WayOn =
  | { state: 'soon' }
  | { state: 'here'; wasSentBack: boolean }
  | { state: 'going' }
  | { state: 'refused'; problem: ProblemFields; isFinal: boolean };

type Journey = {
  eventId: number;
  /** The address to return to, undefined for the first site of the room. */
  returnTo: string | undefined;
  visitorToken: () => string | undefined;
};

/** Goes on to the site: only to the address that the API answers, which has judged the one in the page's query. */
function createWayOn({ eventId, returnTo, visitorToken }: Journey, show: (way: WayOn) => void) {
  const wentAt = storedValue<number>(`went:${eventId}`, 'sessionStorage');
  let isGoing = false;
  let leaving: ReturnType<typeof setTimeout> | undefined;

  function set(way: WayOn): void {
    isGoing = way.state === 'going';
    show(way);
  }

  /** @param leaves is called before the browser leaves */
  async function go(leaves?: () => void): Promise<void> {
    if (isGoing) return;
    set({ state: 'going' });
    const token = visitorToken();
    try {
      const { body } = await frontrow.attempt<{ url: string }>('POST', `/api/events/${eventId}/waiting-room/entry`, {
        body: returnTo === undefined ? {} : { returnTo },
        ...(token !== undefined && { headers: { 'x-visitor-token': token } }),
        cache: 'no-store',
      });
      leaving = setTimeout(() => set({ state: 'here', wasSentBack: false }), LEAVING_MS);
      leaves?.();
      location.replace(body.url);
    } catch (fault) {
      if (!(fault instanceof FrontrowError)) throw fault;
      set({ state: 'refused', problem: fault.problem, isFinal: !fault.isTemporary });
    }
  }

  return {
    go: () => go(),
    /**
     * Says that the page will go by itself.
     *
     * @returns false where the visitor has just come back, and must click: a site without cookies would send them again
     */
    goSoon(): boolean {
      const wasSentBack = Date.now() - (wentAt.read() ?? 0) < SENT_BACK_MS;
      set(wasSentBack ? { state: 'here', wasSentBack } : { state: 'soon' });
      return !wasSentBack;
    },
    goByItself: () => void go(() => wentAt.write(Date.now())),
    stop: () => clearTimeout(leaving),
  };
}

/**
 * The way to the site. At the visitor's turn the page goes by itself, after a pause; where there is no line, at once.
 * An entry is valid for a minute: a page that nobody sees gives its signal, and goes once it is seen.
 */
export function useWayOn(journey: Journey, status: VisitorStatus, goesByItself: boolean) {
  const [way, setWay] = useState<WayOn>({ state: 'here', wasSentBack: false });
  const [wayOn] = useState(() => createWayOn(journey, setWay));
  useEffect(() => wayOn.stop, []);
  useEffect(() => {
    if (!goesByItself || !wayOn.goSoon()) return;
    return whenSeen(status === 'open' ? 0 : PAUSE_MS, wayOn.goByItself);
  }, [goesByItself, status]);
  return { way, go: wayOn.go };
}

/** Acts after a pause, once the page is visible. @returns a function that prevents it */
function whenSeen(pauseMs: number, act: () => void): () => void {
  const actIfSeen = () => {
    if (document.hidden) return;
    document.removeEventListener('visibilitychange', actIfSeen);
    act();
  };
  const pause = setTimeout(() => {
    document.addEventListener('visibilitychange', actIfSeen);
    actIfSeen();
  }, pauseMs);
  return () => {
    clearTimeout(pause);
    document.removeEventListener('visibilitychange', actIfSeen);
  };
}
