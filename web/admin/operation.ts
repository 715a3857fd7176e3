import type { z } from 'zod';
import type { clientMessage, ServerMessage } from '../../shared/contract/messages.ts';
import type { Overview } from '../../shared/contract/overview.ts';
import type { TrailEntry, TrailPage } from '../../shared/contract/trail.ts';
import { adminToken as token } from '../admin-token.ts';

// Types only, as everywhere in web/.
type ClientMessage = z.infer<typeof clientMessage>;

/** One overview's counts, and what a second had since the overview before. */
export type Point = {
  atMs: number;
  queue: NonNullable<Overview['queue']>;
  outcomes: NonNullable<Overview['outcomes']>;
  /** Fewer workers ran than were desired. */
  isShort: boolean;
  acceptedPerSecond: number;
  settledPerSecond: number;
};

/** What the page shows. */
export type Operation = {
  /** `token`: the admin token is needed. `closed`: nobody is let in. `live`: `now` is there. */
  phase: 'connecting' | 'token' | 'closed' | 'live';
  /** Why one is not let in, and why what was asked for was not done. */
  refusal?: string;
  failure?: string;
  /** The socket is gone and is opened anew: what is shown is old. */
  lost: boolean;
  now?: Overview;
  /** Five minutes of overviews, the oldest first. */
  history: Point[];
  /** The last acts of operators, the newest first; undefined until they are read. */
  acts?: TrailEntry[];
};

const MAX_POINTS = 300;

/** Acts that are shown, and milliseconds between two reads of them: another operator may do some. */
const ACTS = 20;
const ACTS_EVERY_MS = 10_000;
const RETRY_MS = { first: 500, last: 10_000 };
const TIMEOUT_MS = 15_000;

/** Milliseconds without an overview after which a connection counts as dead: there is one each second. */
const SILENCE_MS = 5_000;

/**
 * Watches over the system through the socket, and tells it what the operator wants over HTTP.
 *
 * @param show is called with each change
 */
export function createOperation(show: (operation: Operation) => void) {
  let operation: Operation = { phase: 'connecting', lost: false, history: [] };
  let socket: WebSocket | undefined;
  let retries = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  let actsReadAt = Number.NEGATIVE_INFINITY;

  function change(some: Partial<Operation>): void {
    operation = { ...operation, ...some };
    show(operation);
  }

  /** A connection can die without a word. */
  function expectOverview(): void {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => {
      disconnect();
      if (operation.phase === 'live') change({ lost: true });
      connect();
    }, SILENCE_MS);
  }

  function connect(): void {
    clearTimeout(timer);
    expectOverview();
    const opened = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`);
    socket = opened;
    const sent = token.read();
    opened.onopen = () => {
      const message: ClientMessage = { type: 'operate', ...(sent !== undefined && { token: sent }) };
      opened.send(JSON.stringify(message));
    };
    opened.onmessage = ({ data }) => {
      const message = JSON.parse(data) as ServerMessage;
      if (message.type === 'overview') take(message);
      else if (message.type === 'error') refuse(message, sent);
    };
    opened.onclose = () => {
      if (socket !== opened) return;
      clearTimeout(watchdog);
      if (operation.phase === 'live') change({ lost: true });
      timer = setTimeout(connect, Math.min(RETRY_MS.last, RETRY_MS.first * 2 ** retries) * (0.5 + Math.random() / 2));
      retries += 1;
    };
  }

  function disconnect(): void {
    clearTimeout(timer);
    clearTimeout(watchdog);
    const before = socket;
    socket = undefined;
    before?.close();
  }

  function take(now: Overview): void {
    retries = 0;
    expectOverview();
    if (performance.now() - actsReadAt > ACTS_EVERY_MS) void readActs();
    const { history } = operation;
    const { queue, outcomes = {}, atMs } = now;
    const last = history.at(-1);
    // Redis is unavailable, or another node answers, whose clock is behind.
    if (queue === undefined || (last !== undefined && atMs <= last.atMs)) {
      change({ phase: 'live', lost: false, now });
      return;
    }
    const perSecond = (name: 'accepted' | 'settled') =>
      last === undefined ? 0 : Math.max(0, (1000 * (queue[name] - last.queue[name])) / (atMs - last.atMs));
    const { alive = 0, desired = 0 } = now.workers ?? {};
    const point = { atMs, queue, outcomes, isShort: alive < desired };
    const rates = { acceptedPerSecond: perSecond('accepted'), settledPerSecond: perSecond('settled') };
    change({ phase: 'live', lost: false, now, history: [...history, { ...point, ...rates }].slice(-MAX_POINTS) });
  }

  function refuse({ code, error }: { code: string; error: string }, sent: string | undefined): void {
    disconnect();
    if (code !== 'OVERLOADED') token.write('');
    if (code === 'UNAUTHENTICATED') change({ phase: 'token' });
    else if (code === 'FORBIDDEN' && sent !== undefined)
      change({ phase: 'token', refusal: 'This is not the admin token.' });
    else change({ phase: 'closed', refusal: error });
    if (code === 'OVERLOADED') timer = setTimeout(connect, RETRY_MS.last); // somebody else may stop watching
  }

  /** @throws Error with the words of whoever refuses */
  async function send(method: 'GET' | 'POST' | 'PUT' | 'PATCH', path: string, body?: object): Promise<unknown> {
    const mine = token.read();
    const answer = await fetch(path, {
      method,
      cache: 'no-store',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { 'content-type': 'application/json', ...(mine !== undefined && { authorization: `Bearer ${mine}` }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answered = (await answer.json()) as { detail?: string };
    if (!answer.ok) throw new Error(answered.detail ?? `The answer was ${answer.status}.`);
    return answered;
  }

  async function readActs(): Promise<void> {
    actsReadAt = performance.now();
    try {
      const { entries } = (await send('GET', `/admin/trail?limit=${ACTS}`)) as TrailPage;
      change({ acts: entries });
    } catch {
      // PostgreSQL is unavailable, which the overview shows: the last acts stay.
    }
  }

  connect();

  return {
    /** Lets in with this admin token, if it is right. */
    enter(given: string): void {
      disconnect();
      token.write(given);
      const { refusal: _, ...rest } = operation;
      operation = rest;
      change({ phase: 'connecting' });
      connect();
    },
    /** Asks for something; a refusal is shown. The next overview shows what came of it. */
    async ask(method: 'POST' | 'PUT' | 'PATCH', path: string, body: object): Promise<void> {
      const { failure: _, ...rest } = operation;
      operation = rest;
      try {
        await send(method, path, body);
        show(operation);
        void readActs();
      } catch (fault) {
        change({ failure: (fault as Error).message });
      }
    },
    /** Opens Bull Board, with a session for it. */
    async openBoard(): Promise<void> {
      try {
        const { path } = (await send('POST', '/admin/session', {})) as { path: string };
        location.assign(path);
      } catch (fault) {
        change({ failure: (fault as Error).message });
      }
    },
    stop: disconnect,
  };
}

export type Operator = ReturnType<typeof createOperation>;
