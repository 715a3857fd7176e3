import type { ADMISSION_TOKEN_HEADER } from '../shared/contract/waiting-room.ts';
import { refusalText } from './refusal-text.ts';
import { type Problem, RefusedError } from './refused-error.ts';
import { readClock, setClock } from './server-clock.ts';
import { type Session, storedSession } from './stored-values.ts';
import { texts } from './texts/texts.ts';

const ADMISSION_TOKEN: typeof ADMISSION_TOKEN_HEADER = 'x-admission-token';

/** Milliseconds after which a request counts as lost. */
const TIMEOUT_MS = 15_000;

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export type RequestOptions = {
  method?: Method;
  body?: object | undefined;
  headers?: Record<string, string>;
  /** The token to authenticate with; by default that of the user who is logged in. */
  bearer?: string | undefined;
  cache?: RequestCache;
  timeoutMs?: number;
};

/**
 * Sends a request and reads the server's clock from its answer.
 *
 * @throws RefusedError where the answer is not a success; another error where there is no answer
 */
export async function request<Answer>(path: string, options: RequestOptions = {}) {
  const { method = 'GET', body, cache = 'default', timeoutMs = TIMEOUT_MS } = options;
  const bearer = 'bearer' in options ? options.bearer : storedSession().read()?.token;
  const headers = new Headers(options.headers);
  if (bearer !== undefined) headers.set('authorization', `Bearer ${bearer}`);
  if (body !== undefined) headers.set('content-type', 'application/json');
  const sentAtMs = Date.now();
  const response = await fetch(path, {
    method,
    headers,
    cache,
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answer = (response.status === 204 ? {} : await response.json()) as Answer & Problem & { now?: string };
  // A time in the body is that of the clock which judges the moments beside it.
  if (answer.now === undefined) readClock(response, sentAtMs);
  else setClock(Date.parse(answer.now), sentAtMs);
  if (!response.ok) throw new RefusedError(response, answer);
  return { status: response.status, answer: answer as Answer };
}

/** Reads a resource. Throws as `request` does. */
export const get = async <Answer>(path: string): Promise<Answer> => (await request<Answer>(path)).answer;

/** Reads a resource without the user's token. Throws as `request` does. */
export const getPublic = async <Answer>(path: string): Promise<Answer> =>
  (await request<Answer>(path, { bearer: undefined })).answer;

/**
 * Sends a change, which happens once however often it is sent under the same idempotency key. Throws as `request` does.
 *
 * @returns the answer, and whether the change is done: otherwise it is in the queue
 */
export async function changeUnderKey<Answer>(
  method: 'POST' | 'DELETE',
  path: string,
  key: string,
  body: object,
  admissionToken?: string,
) {
  const headers: Record<string, string> = { 'idempotency-key': key };
  if (admissionToken !== undefined) headers[ADMISSION_TOKEN] = admissionToken;
  const { status, answer } = await request<Answer>(path, { method, headers, body });
  return { isDone: status !== 202, answer };
}

/** Logs in, for all tabs. Returns why it failed; undefined after a success. */
export async function logIn(email: string, password: string): Promise<string | undefined> {
  try {
    const { answer } = await changeUnderKey<Session>('POST', '/api/users/login', randomId(), { email, password });
    storedSession().write(answer);
    return undefined;
  } catch (fault) {
    if (!(fault instanceof RefusedError)) return texts.purchase.connectionLost;
    if (fault.code === 'ROUTE_UNKNOWN') return texts.purchase.noLogIn;
    return fault.code === 'UNAUTHENTICATED' ? texts.purchase.wrongPassword : refusalText(fault.problem);
  }
}

/** 128 random bits as hexadecimal. Browsers offer `crypto.randomUUID` over TLS only. */
export const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
