import type { Admission, Joined, VisitorStatus, VisitorView } from './contract.ts';
import { FrontrowError } from './error.ts';
import { page } from './page.ts';
import type { createLineReader, LineReader } from './reckoning.ts';
import { type ClientStorage, storedIn } from './storage.ts';
import { type Method, type RequestOptions, type RetryOptions, randomKey, type Transport } from './transport.ts';
import { createInbox, within } from './wait.ts';

/** Milliseconds after which a request to a waiting room counts as lost. */
const TIMEOUT_MS = 10_000;

/** Milliseconds in which a part of the client must load: a visitor who waits for it does not poll. */
const LOAD_TIMEOUT_MS = 5_000;

/** Pauses after requests that failed. A million visitors may wait. */
const BACKOFF = { firstMs: 1_000, maxMs: 30_000 };

/** Milliseconds until the next request, whatever the answer says. */
const POLL_BOUNDS_MS = { min: 1_000, max: 86_400_000 };

/** Challenges that are solved for one attempt to join: on a slow machine the first one may expire meanwhile. */
const MAX_CHALLENGES = 2;

/** Milliseconds in which a value that one tab stores reaches the other tabs. */
const STORAGE_SPREAD_MS = 250;

/** The message of a visit whose place was given up, as the server has it. */
const LEFT = 'You have left the line. Join again for a new place.';

/** Statuses that end a visit: nothing is polled until the visitor joins again. */
const ENDED: readonly VisitorStatus[] = ['turn_passed', 'left', 'ended'];

/** `aheadMs`: milliseconds by which the clock of `expiresAt` was ahead of this machine's when the admission came. */
type StoredAdmission = Admission & { aheadMs?: number };

type Place = { visitorToken: string };

export type VisitOptions = Pick<RetryOptions, 'signal' | 'onRetry'> & {
  /** Called with the share of the work that the line's challenge requires, 0 to 1. */
  onWork?: (done: number) => void;
  /** Gets the proof of the outside check that the line requires, such as the token of a captcha. */
  prove?: (siteKey: string | undefined) => Promise<string>;
};

export type WaitingRoom = {
  /**
   * Joins the line, or goes on in the place that is stored, and gives the visitor's view whenever there is a new one.
   * It ends with a view of status `turn_passed`, `left` or `ended`. An admission is kept, and sent with bookings.
   *
   * @throws FrontrowError where the visitor may not join: UNAUTHENTICATED, CHALLENGE_REQUIRED, EVENT_UNKNOWN and others
   */
  views: (options?: VisitOptions) => AsyncGenerator<VisitorView, void, void>;
  /**
   * Waits for the visitor's turn. Undefined where there is no line now: none is needed.
   *
   * @throws FrontrowError as `views`, and NOT_ADMITTED where the visit ended without an admission
   */
  admission: (options?: VisitOptions) => Promise<Admission | undefined>;
  /** Gives the place up. @throws FrontrowError NO_ANSWER or the code of a fault: then nothing has changed */
  leave: () => Promise<void>;
  /** Forgets the place: the next visit joins at the end of the line. */
  forgetPlace: () => void;
  /** The token of the place that is stored: it tells of a change of place. */
  visitorToken: () => string | undefined;
};

/** The admission to an event. */
export const storedAdmission = (storage: ClientStorage, eventId: number) =>
  storedIn<StoredAdmission>(storage, `admission:${eventId}`);

/** The admission to an event, its end by this machine's clock, unless it has ended. */
export function admissionOf(storage: ClientStorage, eventId: number): Admission | undefined {
  const admission = storedAdmission(storage, eventId).read();
  if (admission === undefined) return undefined;
  const { aheadMs = 0, token, uses } = admission;
  const endMs = Date.parse(admission.expiresAt) - aheadMs;
  return endMs > Date.now() ? { token, uses, expiresAt: new Date(endMs).toISOString() } : undefined;
}

type Parts = { transport: Transport; storage: ClientStorage; eventId: number };

/** The waiting room of an event, as one visitor sees it. All tabs that share a storage have one place. */
export function createWaitingRoom(parts: Parts): WaitingRoom {
  const visitor = createVisitor(parts);

  async function* views(options: VisitOptions = {}): AsyncGenerator<VisitorView, void, void> {
    const changes = createInbox<'left'>();
    const unfollow = visitor.followPlace(() => visitor.token() === undefined && changes.put('left'));
    let token = visitor.token();
    let view: VisitorView | undefined;
    try {
      for (;;) {
        view = await visitor.nextView(token, view, options);
        token = visitor.token() ?? token;
        yield view;
        if (ENDED.includes(view.status)) return;
        // After each answer, not by an interval: browsers slow the intervals of a hidden page to one a minute, as long
        // as a turn.
        const pauseMs = Math.min(POLL_BOUNDS_MS.max, Math.max(POLL_BOUNDS_MS.min, 1000 * view.askAgainSeconds));
        await changes.take(pauseMs, { leastMs: pauseMs, signal: options.signal });
      }
    } finally {
      unfollow();
    }
  }

  return {
    views,
    async admission(options) {
      for await (const view of views(options)) {
        if (view.admission !== undefined) return view.admission;
        if (view.status === 'open') return undefined;
        if (ENDED.includes(view.status)) throw new FrontrowError('NOT_ADMITTED', view.message);
      }
      return undefined;
    },
    leave: visitor.leave,
    forgetPlace: visitor.forgetPlace,
    visitorToken: visitor.token,
  };
}

/** The requests of one visitor, and what is stored of their answers. */
function createVisitor({ transport, storage, eventId }: Parts) {
  const place = storedIn<Place>(storage, `place:${eventId}`);
  const stored = storedAdmission(storage, eventId);
  const path = `/api/events/${eventId}/waiting-room`;
  const token = () => place.read()?.visitorToken;
  const followers = new Set<() => void>();
  const readLine = createLateLineReader({ transport, eventId });
  const left: VisitorView = { eventId, status: 'left', message: LEFT, askAgainSeconds: 0 };

  function removePlace(): void {
    place.remove();
    for (const changed of followers) changed();
  }

  async function call(method: Method, visitorToken: string | undefined, options: RequestOptions = {}): Promise<Joined> {
    const headers: Record<string, string> = visitorToken === undefined ? {} : { 'x-visitor-token': visitorToken };
    const sent: RequestOptions = { ...options, headers, cache: 'no-store', timeoutMs: TIMEOUT_MS };
    return (await transport.attempt<Joined>(method, path, sent)).body;
  }

  /**
   * Joins the line, one tab at a time: a tab that comes second finds the place of the first.
   *
   * @param unknown the stored place, which the server does not know any more
   */
  const join = (unknown: string | undefined, options: VisitOptions): Promise<VisitorView> =>
    inTurn(`frontrow:join:${eventId}`, options.signal, async () => {
      const present = token();
      if (present !== unknown) return present === undefined ? left : call('GET', present, { signal: options.signal });
      const view = await takePlace(
        (solved) => call('POST', undefined, { signal: options.signal, body: solved }),
        options,
      );
      if (!view.visitorToken) return view; // the room is off
      stored.remove();
      place.write({ visitorToken: view.visitorToken });
      return view;
    });

  /** Joins or polls once. Where another tab has given the place up that this visit has had, the visit has ended. */
  async function ask(followed: string | undefined, options: VisitOptions): Promise<VisitorView> {
    const present = token();
    if (present === undefined) return followed === undefined ? join(undefined, options) : left;
    try {
      return await call('GET', present, { signal: options.signal });
    } catch (fault) {
      if (!(fault instanceof FrontrowError) || fault.code !== 'PLACE_UNKNOWN') throw fault;
      return join(present, options);
    }
  }

  return {
    token,
    /**
     * Reads the line while the visitor waits, and joins or polls otherwise, until there is an answer. Keeps the
     * admission.
     */
    async nextView(followed: string | undefined, last: VisitorView | undefined, options: VisitOptions) {
      const present = last?.status === 'your_turn' ? undefined : token();
      const byLine = present === undefined ? undefined : await readLine(present, options.signal);
      if (byLine !== undefined) return byLine;
      const view = await transport.retry(path, () => ask(followed, options), { ...options, backoff: BACKOFF });
      if (view.admission !== undefined)
        stored.write({ ...view.admission, aheadMs: transport.clock.now() - Date.now() });
      return view;
    },
    async leave(): Promise<void> {
      await call('DELETE', token()).catch((fault) => {
        if (!(fault instanceof FrontrowError && fault.code === 'PLACE_UNKNOWN')) throw fault; // it is void already
      });
      stored.remove();
      removePlace();
    },
    forgetPlace: removePlace,
    /** Calls a function when the place may have changed, by another tab too. @returns a function that ends it */
    followPlace(changed: () => void): () => void {
      const follow = ({ key }: { key?: string | null }) => {
        if (key === place.key || key === null) changed();
      };
      followers.add(changed);
      page?.addEventListener('storage', follow);
      return () => {
        followers.delete(changed);
        page?.removeEventListener('storage', follow);
      };
    },
  };
}

/**
 * Loads the parts that only visitors who wait need.
 *
 * @throws FrontrowError NO_ANSWER where they do not load in time; the reason of the signal once it is aborted
 */
async function loadReckoning(signal: AbortSignal | undefined) {
  const fault = () => new FrontrowError('NO_ANSWER', 'A part of the client did not load.');
  const loading = import('./reckoning.ts').catch(() => Promise.reject(fault()));
  return within(LOAD_TIMEOUT_MS, { signal, fault }, (ending) => {
    const ended = new Promise<never>((_, reject) => ending.addEventListener('abort', () => reject(ending.reason)));
    return Promise.race([loading, ended]);
  });
}

/** Reads the line, by parts that are loaded when they are needed. Where they do not load, visitors poll. */
function createLateLineReader(parts: Parameters<typeof createLineReader>[0]): LineReader['read'] {
  let reader: LineReader | undefined;
  return async (token, signal) => {
    const reckoning = await loadReckoning(signal).catch(() => undefined); // without them this visitor polls
    signal?.throwIfAborted();
    reader ??= reckoning?.createLineReader(parts);
    return reader?.read(token, signal);
  };
}

/** Takes a new place, with the work or the proof that the line may require. */
async function takePlace(
  send: (body: object) => Promise<Joined>,
  { onWork, prove, signal }: VisitOptions,
): Promise<Joined> {
  const nonce = randomKey();
  let solved: object = {};
  for (let challenges = 0; ; challenges += 1) {
    try {
      return await send({ nonce, ...solved });
    } catch (fault) {
      const challenge = fault instanceof FrontrowError ? fault.challenge : undefined;
      if (challenges >= MAX_CHALLENGES) throw fault;
      if (challenge?.kind === 'work') {
        const { challenge: text, bits } = challenge;
        const { solve } = await loadReckoning(signal);
        solved = { challenge: text, solution: await solve(text, bits, (done) => onWork?.(done), signal) };
      } else if (challenge?.kind === 'outside' && prove !== undefined) {
        solved = { proof: await prove(challenge.siteKey) };
      } else throw fault;
    }
  }
}

/**
 * Runs an action while no other tab does. Browsers run tabs in several processes, and what one stores reaches the
 * others a moment later: the lock is held for so long.
 */
function inTurn<Result>(lock: string, signal: AbortSignal | undefined, action: () => Promise<Result>): Promise<Result> {
  const locks = page?.navigator.locks;
  if (locks === undefined) return action();
  return new Promise((resolve, reject) => {
    const locked = async () => {
      await action().then(resolve, reject);
      await new Promise((spread) => setTimeout(spread, STORAGE_SPREAD_MS));
    };
    locks.request(lock, signal === undefined ? {} : { signal }, locked).catch(reject);
  });
}
