import type { z } from 'zod';
import type { ChallengeView, joinAnswer, VISITOR_TOKEN_HEADER } from '../../shared/contract/waiting-room.ts';
import { RefusedError } from '../refused-error.ts';
import { randomId, request } from '../requests.ts';
import { storedAdmission, storedPlace } from '../stored-values.ts';
import SolveWorker from './solve-worker.ts?worker';
import type { VisitorView } from './visit-state.ts';

export type RoomAnswer = VisitorView & Partial<z.infer<typeof joinAnswer>>;

const VISITOR_TOKEN: typeof VISITOR_TOKEN_HEADER = 'x-visitor-token';

/** Milliseconds after which a request to the waiting room counts as lost. */
const TIMEOUT_MS = 10_000;

/** Challenges that are solved for one attempt to join: on a slow machine the first one may expire meanwhile. */
const MAX_CHALLENGES = 2;

/** Milliseconds in which a value that one tab stores reaches the other tabs. */
const STORAGE_SPREAD_MS = 250;

/**
 * Sends a request to the waiting room of an event, with the place that this browser has stored.
 *
 * @throws RefusedError where the answer is a refusal; another error where there is no answer
 */
export async function callRoom(eventId: number, method: 'GET' | 'POST' | 'DELETE', body?: object): Promise<RoomAnswer> {
  const token = storedPlace(eventId).read()?.visitorToken;
  const { answer } = await request<RoomAnswer>(`/api/events/${eventId}/waiting-room`, {
    method,
    body,
    cache: 'no-store',
    timeoutMs: TIMEOUT_MS,
    headers: token === undefined ? {} : { [VISITOR_TOKEN]: token },
  });
  return answer;
}

type WorkOptions = {
  /** Called with the share of the work that is done, 0 to 1. */
  onWork: (workDone: number) => void;
  /** Ends the work. */
  signal: AbortSignal;
};

/**
 * Joins the line, one tab at a time. A tab that comes second finds the place of the first. Throws as `callRoom` does.
 */
export function join(eventId: number, options: WorkOptions): Promise<RoomAnswer> {
  return inTurn(eventId, async () => {
    if (storedPlace(eventId).read() !== undefined) return callRoom(eventId, 'GET');
    const answer = await takePlace(eventId, options);
    storedAdmission(eventId).remove();
    const { visitorToken } = answer;
    if (visitorToken) storedPlace(eventId).write({ visitorToken }); // empty where the room is off
    return answer;
  });
}

/**
 * Runs an action while no other tab does. Browsers run tabs in several processes, and what one stores reaches the
 * others a moment later: the lock is held for so long.
 */
function inTurn<Result>(eventId: number, action: () => Promise<Result>): Promise<Result> {
  if (navigator.locks === undefined) return action();
  return new Promise((resolve, reject) => {
    const locked = async () => {
      await action().then(resolve, reject);
      await new Promise((spread) => setTimeout(spread, STORAGE_SPREAD_MS));
    };
    navigator.locks.request(`frontrow:join:${eventId}`, locked).catch(reject);
  });
}

/** Takes a new place, with the work that the line may require. */
async function takePlace(eventId: number, options: WorkOptions): Promise<RoomAnswer> {
  const nonce = randomId();
  let solved: object = {};
  for (let challenges = 0; ; challenges += 1) {
    try {
      return await callRoom(eventId, 'POST', { nonce, ...solved });
    } catch (fault) {
      const challenge = fault instanceof RefusedError ? fault.problem.challenge : undefined;
      if (challenge?.kind !== 'work' || challenges >= MAX_CHALLENGES) throw fault;
      solved = await solveInWorker(challenge, options);
    }
  }
}

type WorkChallenge = ChallengeView & { kind: 'work' };

/** Solves a challenge in a worker, so that the page stays responsive. */
function solveInWorker({ challenge, bits }: WorkChallenge, { onWork, signal }: WorkOptions): Promise<object> {
  const worker = new SolveWorker();
  signal.addEventListener('abort', () => worker.terminate());
  onWork(0);
  return new Promise<object>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<{ progress: number } | { solution: string }>) => {
      if ('progress' in data) onWork(data.progress);
      else resolve({ challenge, solution: data.solution });
    };
    worker.onerror = () => reject(new Error('the worker failed'));
    worker.postMessage({ challenge, bits });
  }).finally(() => worker.terminate());
}
