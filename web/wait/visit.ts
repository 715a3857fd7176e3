import type { z } from 'zod';
import type {
  ChallengeView,
  joinAnswer,
  VISITOR_TOKEN_HEADER,
  visitorStatus,
  visitorView,
} from '../../shared/contract/waiting-room.ts';
import { noteClock, noteTime, Refused, randomId, serverNow } from '../answers.ts';
import { keptAdmission, keptPlace, keptSession } from '../kept.ts';
import SolveWorker from './solve-worker.ts?worker';
import { progressOf } from './words.ts';

// Types only: zod itself would weigh ten times what this page does.
export type VisitorView = z.infer<typeof visitorView>;
export type VisitorStatus = z.infer<typeof visitorStatus>;
type Answer = VisitorView & Partial<z.infer<typeof joinAnswer>>;
const VISITOR_TOKEN: typeof VISITOR_TOKEN_HEADER = 'x-visitor-token';

/** What the page shows of a visit. */
export type Visit = {
  /** How the visitor stands, as last told. */
  view?: VisitorView;
  /** How far the visitor has come in line, 0 to 1; it never goes back. */
  progress: number;
  /** The last question had no answer (`lost`) or was put off (`busy`). It is asked again. */
  trouble?: 'lost' | 'busy';
  /** The progress of the work that this line requires before it gives a place, 0 to 1. */
  checking?: number;
  /** Why the waiting room gives no place: it would say so again. Of `whoLogsIn` it takes nobody else. */
  refusal?: string;
  whoLogsIn?: boolean;
};

/** Milliseconds after which a question counts as lost, and between tries: doubled each time, and half of it by chance. */
const TIMEOUT_MS = 10_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/** Challenges that are solved for one try to join: the first may expire meanwhile, where a machine is very slow. */
const MAX_CHALLENGES = 2;

/** Seconds within which the next question is asked, whatever the answer says: timers hold no month. */
const ASK_BOUNDS = { min: 1, max: 86_400 };

/** Milliseconds in which what one tab keeps has surely reached the others. */
const SPREAD_MS = 250;

/** The line is left for good: nothing is asked until the visitor joins again. */
const OVER: readonly VisitorStatus[] = ['turn_passed', 'left'];

/**
 * One visitor in the waiting room of an event: joins, or takes up the place that this browser keeps, asks as often as told,
 * and goes on after anything that passes. All tabs share one place.
 *
 * @param show is called with each change
 */
export function createVisit(eventId: number, show: (visit: Visit) => void) {
  const path = `/api/events/${eventId}/waiting-room`;
  const place = keptPlace(eventId);
  const admission = keptAdmission(eventId);
  let visit: Visit = { progress: 0 };
  let shownToken: string | undefined;
  let failures = 0;
  let question = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let solving: Worker | undefined;

  function change(next: Visit): void {
    visit = next;
    show(visit);
  }

  /** Asks, and sees to it that it is asked again. Only the newest question's answer counts. */
  async function ask(): Promise<void> {
    clearTimeout(timer);
    question += 1;
    const mine = question;
    const token = place.read()?.visitorToken;
    try {
      const answer = token === undefined ? await alone(join) : await send('GET');
      if (mine === question) take(answer);
    } catch (fault) {
      if (mine === question) miss(fault, token);
    }
  }

  /**
   * Two tabs that open at once must not take two places: who comes second finds the place of the first. A browser keeps tabs in
   * several processes, and what one writes reaches the others a moment later: so long the lock is held.
   */
  function alone(work: () => Promise<Answer>): Promise<Answer> {
    if (navigator.locks === undefined) return work();
    return new Promise((resolve, reject) => {
      const turn = async () => {
        await work().then(resolve, reject);
        await new Promise((over) => setTimeout(over, SPREAD_MS));
      };
      navigator.locks.request(`frontrow:join:${eventId}`, turn).catch(reject);
    });
  }

  async function join(): Promise<Answer> {
    if (place.read() !== undefined) return send('GET');
    const answer = await joinAnew();
    admission.forget();
    if (answer.visitorToken) place.write({ visitorToken: answer.visitorToken }); // none where nobody has to wait
    return answer;
  }

  /** Takes a new place, with the work that the line may require. */
  async function joinAnew(): Promise<Answer> {
    const nonce = randomId();
    let shown: object = {};
    for (let challenges = 0; ; challenges += 1) {
      try {
        return await send('POST', { nonce, ...shown });
      } catch (fault) {
        const challenge = fault instanceof Refused ? fault.problem.challenge : undefined;
        if (challenge?.kind !== 'work' || challenges >= MAX_CHALLENGES) throw fault;
        shown = await work(challenge);
      }
    }
  }

  /** Solves a challenge beside the page, and shows how far it is. */
  function work({ challenge, bits }: ChallengeView & { kind: 'work' }): Promise<object> {
    const worker = new SolveWorker();
    solving = worker;
    change({ progress: 0, checking: 0 });
    return new Promise<object>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<{ progress: number } | { solution: string }>) => {
        if ('progress' in data) change({ ...visit, checking: data.progress });
        else resolve({ challenge, solution: data.solution });
      };
      worker.onerror = () => reject(new Error('the worker broke'));
      worker.postMessage({ challenge, bits });
    }).finally(() => worker.terminate());
  }

  function take(view: Answer): void {
    failures = 0;
    const kept = place.read();
    const { ahead } = view;
    const before = kept?.visitorToken === shownToken ? visit.progress : 0;
    shownToken = kept?.visitorToken;
    if (kept !== undefined && ahead !== undefined && kept.aheadAtStart === undefined) {
      kept.aheadAtStart = ahead;
      place.write(kept);
    }
    if (view.admission !== undefined) admission.write({ ...view.admission, aheadMs: serverNow() - Date.now() });
    const progress = ahead === undefined ? before : progressOf(kept?.aheadAtStart ?? ahead, ahead, before);
    change({ view, progress });
    if (!OVER.includes(view.status)) askIn(1000 * view.askAgainSeconds);
  }

  function miss(fault: unknown, token: string | undefined): void {
    if (fault instanceof Refused && !fault.passes) {
      if (token !== undefined && fault.code === 'PLACE_UNKNOWN') {
        if (place.read()?.visitorToken === token) place.forget(); // else another tab has a new one already
        void ask();
        return;
      }
      const { view: _, checking: __, ...rest } = visit;
      change({ ...rest, refusal: fault.message, whoLogsIn: fault.code === 'UNAUTHENTICATED' });
      return;
    }
    const backoffMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.5 + Math.random() / 2);
    failures += 1;
    const told = fault instanceof Refused;
    const waitMs = Math.max(backoffMs, told ? fault.retryAfterMs : 0);
    const { checking: _, ...rest } = visit;
    change({ ...rest, trouble: told ? 'busy' : 'lost' });
    askIn(waitMs);
  }

  /** Called after an answer, never by a timer: browsers slow timers set by timers of a hidden page to one a minute, as long as a turn. */
  function askIn(milliseconds: number): void {
    const { min, max } = ASK_BOUNDS;
    timer = setTimeout(ask, 1000 * Math.min(max, Math.max(min, milliseconds / 1000)));
  }

  /** @throws Refused where the answer is no view; another error where there is none */
  async function send(method: 'GET' | 'POST' | 'DELETE', body?: object): Promise<Answer> {
    const token = place.read()?.visitorToken;
    const session = keptSession().read()?.token;
    const sentAtMs = Date.now();
    const response = await fetch(path, {
      method,
      cache: 'no-store',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { [VISITOR_TOKEN]: token }),
        ...(session !== undefined && { authorization: `Bearer ${session}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer = response.status === 204 ? {} : await response.json();
    if (answer.now === undefined) noteClock(response, sentAtMs);
    else noteTime(Date.parse(answer.now), sentAtMs);
    if (response.ok) return answer;
    throw new Refused(response, answer);
  }

  /** Another tab has joined anew, or left. What it keeps beside the visitor token is no news. */
  function followOtherTab({ key }: StorageEvent): void {
    if (key !== place.key && key !== null) return;
    const token = place.read()?.visitorToken;
    if (token === shownToken) return;
    if (token === undefined) showLeft();
    else void ask();
  }

  function showLeft(): void {
    clearTimeout(timer);
    question += 1;
    shownToken = undefined;
    if (visit.view !== undefined) change({ view: { ...visit.view, status: 'left' }, progress: 0 });
  }

  /** The network is back: whoever had lost it need not wait out the pause. */
  function backOnline(): void {
    if (visit.trouble === 'lost') void ask();
  }

  addEventListener('storage', followOtherTab);
  addEventListener('online', backOnline);
  void ask();

  return {
    /** Whether a reload finds this place again. */
    lasts: place.lasts,
    /** Takes a new place, at the end of the line. */
    joinAgain(): Promise<void> {
      place.forget();
      return ask();
    },
    /** Asks once more after a refusal. */
    tryAgain: ask,
    /** Gives the place up. @throws Error where the waiting room was not told: then nothing has changed */
    async leave(): Promise<void> {
      await send('DELETE').catch((fault) => {
        if (!(fault instanceof Refused && fault.code === 'PLACE_UNKNOWN')) throw fault; // it is gone already
      });
      place.forget();
      admission.forget();
      showLeft();
    },
    stop(): void {
      clearTimeout(timer);
      solving?.terminate();
      question += 1;
      removeEventListener('storage', followOtherTab);
      removeEventListener('online', backOnline);
    },
  };
}
