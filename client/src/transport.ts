import { type Backoff, backoffMs } from './backoff.ts';
import { type Clock, createClock } from './clock.ts';
import { errorOf, FrontrowError, type ProblemFields } from './error.ts';
import { wait, within } from './wait.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export type RequestOptions = {
  body?: object | undefined;
  /** The idempotency key: however often the request is sent under it, it is done once. */
  key?: string | undefined;
  headers?: Record<string, string>;
  /** The token to authenticate with, instead of the client's; null: none. */
  token?: string | null;
  signal?: AbortSignal | undefined;
  /** Milliseconds after which an attempt counts as lost. */
  timeoutMs?: number;
  cache?: 'default' | 'no-cache' | 'no-store' | undefined;
};

export type RetryOptions = RequestOptions & {
  /** Called before each pause: why the last attempt failed, and the milliseconds until the next one. */
  onRetry?: ((error: FrontrowError, pauseMs: number) => void) | undefined;
};

export type Answer<Body> = { status: number; headers: Response['headers']; body: Body };

export type TransportOptions = {
  /** The address of the API, such as `https://tickets.example`. */
  baseUrl: string;
  /** The token of a user, a buyer token or a key; or a function that gives the present one. */
  token?: string | (() => string | undefined) | undefined;
};

const TIMEOUT_MS = 15_000;

/** Pauses between the attempts of one request. */
const RETRY: Backoff = { firstMs: 500, maxMs: 10_000 };

/** Refused requests that are remembered. Beyond that the oldest is forgotten. */
const MAX_REFUSED = 100;

/** Sends requests, and reads the server's clock from their answers. */
export function createTransport({ baseUrl, token }: TransportOptions) {
  const clock: Clock = createClock();
  const ownToken = (): string | undefined => (typeof token === 'function' ? token() : token);
  /** When a request that the server refused for now may be sent again, by `performance.now()`. */
  const notBefore = new Map<string, number>();

  async function attempt<Body>(method: Method, path: string, options: RequestOptions = {}): Promise<Answer<Body>> {
    const { body, key, signal, timeoutMs = TIMEOUT_MS, cache } = options;
    const headers = new Headers(options.headers);
    const bearer = options.token === undefined ? ownToken() : options.token;
    if (bearer != null) headers.set('authorization', `Bearer ${bearer}`);
    if (body !== undefined) headers.set('content-type', 'application/json');
    if (key !== undefined) headers.set('idempotency-key', key);
    const sentAtMs = Date.now();
    const url = new URL(path, baseUrl);
    const content = body === undefined ? null : JSON.stringify(body);
    // Some workers know no caches.
    const sent = { method, headers, body: content, ...(cache !== undefined && { cache }) };
    const fault = () => new Error(`no answer in ${timeoutMs} ms`);
    const { response, answer } = await within(timeoutMs, { signal, fault }, (signal) =>
      receive<Body>(url, { ...sent, signal }),
    ).catch((cause) => {
      if (signal?.aborted) throw signal.reason;
      throw new FrontrowError('NO_ANSWER', `There is no answer from ${url.host}.`, { cause });
    });
    clock.read(response, (answer as { now?: string } | null)?.now, sentAtMs);
    if (response.ok) return { status: response.status, headers: response.headers, body: answer as Body };
    throw errorOf(response, answer as ProblemFields);
  }

  async function retry<Result>(
    subject: string,
    action: () => Promise<Result>,
    { signal, onRetry, backoff = RETRY }: Pick<RetryOptions, 'signal' | 'onRetry'> & { backoff?: Backoff } = {},
  ): Promise<Result> {
    for (let failures = 0; ; failures += 1) {
      await untilPermitted(subject, signal);
      try {
        return await action();
      } catch (fault) {
        if (!(fault instanceof FrontrowError) || !fault.isTemporary) throw fault;
        const { retryAfterMs } = fault;
        if (retryAfterMs > 0) remember(subject, performance.now() + retryAfterMs);
        const pauseMs = retryAfterMs + backoffMs(failures, backoff);
        onRetry?.(fault, pauseMs);
        await wait(pauseMs, { leastMs: retryAfterMs, signal });
      }
    }
  }

  /** Another request of the subject may be refused while this one waits. */
  async function untilPermitted(subject: string, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const leastMs = (notBefore.get(subject) ?? 0) - performance.now();
      if (leastMs <= 0) return;
      await wait(leastMs, { leastMs, signal });
    }
  }

  function remember(subject: string, atMs: number): void {
    const latestMs = Math.max(atMs, notBefore.get(subject) ?? 0);
    notBefore.delete(subject);
    notBefore.set(subject, latestMs);
    const [oldest] = notBefore.keys();
    if (notBefore.size > MAX_REFUSED && oldest !== undefined) notBefore.delete(oldest);
  }

  return {
    baseUrl,
    clock,
    /** The token that requests are sent with. */
    token: ownToken,
    /**
     * Sends a request once.
     *
     * @throws FrontrowError where the answer is not a success, and with `NO_ANSWER` where there is none; the reason of
     * the signal once it is aborted
     */
    attempt,
    /**
     * Repeats an action until it succeeds or is refused for good. It pauses longer after each failure, in addition to
     * the time that the server asks for, in which no other action of the same subject begins either.
     *
     * @throws what the action throws, unless it is temporary; the reason of the signal once it is aborted
     */
    retry,
    /**
     * Sends a request until there is an answer that is final. Everything but a read needs a `key`, or must be harmless
     * if it is done twice. It pauses as `retry` does.
     *
     * @throws FrontrowError where the final answer is not a success; the reason of the signal once it is aborted
     */
    request: <Body>(method: Method, path: string, options: RetryOptions = {}) =>
      retry(`${method} ${path.split('?', 1)[0]}`, () => attempt<Body>(method, path, options), options),
  };
}

export type Transport = ReturnType<typeof createTransport>;

/** Reads an answer whole: its end may be lost, as well. An answer that is no JSON comes from something in between. */
async function receive<Body>(url: URL, init: object) {
  const response = await fetch(url, init);
  if (response.status === 204) return { response, answer: null };
  const text = await response.text();
  try {
    const answer = JSON.parse(text) as Body | ProblemFields | null;
    return { response, answer: response.ok ? answer : typeof answer === 'object' && answer !== null ? answer : {} };
  } catch (cause) {
    if (response.ok) throw cause;
    return { response, answer: {} };
  }
}

/** 128 random bits as hexadecimal. Browsers offer `crypto.randomUUID` over TLS only. */
export const randomKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
