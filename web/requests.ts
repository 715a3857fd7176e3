import type { ADMISSION_TOKEN_HEADER } from '../shared/contract/waiting-room.ts';
import { noteClock, type Problem, Refused, randomId } from './answers.ts';
import { keptSession, type Session } from './kept.ts';

const ADMISSION_TOKEN: typeof ADMISSION_TOKEN_HEADER = 'x-admission-token';

/** Milliseconds after which a request counts as lost. */
const TIMEOUT_MS = 15_000;

/** @throws Refused where the answer is a refusal; another error where there is none */
export const get = async <Answer>(path: string): Promise<Answer> => (await ask<Answer>(path, {})).answer;

/**
 * Asks for a change, once however often it is sent under the same idempotency key.
 *
 * @returns what was answered, and whether it is done: else it is on the queue
 * @throws Refused where the answer is a refusal; another error where there is none
 */
export async function changeUnderKey<Answer>(
  method: 'POST' | 'DELETE',
  path: string,
  key: string,
  body: object,
  admissionToken?: string,
) {
  const headers = {
    'content-type': 'application/json',
    'idempotency-key': key,
    ...(admissionToken !== undefined && { [ADMISSION_TOKEN]: admissionToken }),
  };
  const { status, answer } = await ask<Answer>(path, { method, headers, body: JSON.stringify(body) });
  return { isDone: status !== 202, answer };
}

/** Logs in, for all tabs. Answers why it did not work; undefined where it did. */
export async function logIn(email: string, password: string): Promise<string | undefined> {
  try {
    const { answer } = await changeUnderKey<Session>('POST', '/api/users/login', randomId(), { email, password });
    keptSession().write(answer);
    return undefined;
  } catch (fault) {
    if (!(fault instanceof Refused)) return 'The connection was lost. Try again.';
    return fault.code === 'ROUTE_UNKNOWN' ? 'People log in elsewhere: this page cannot do it for you.' : fault.message;
  }
}

async function ask<Answer>(path: string, init: { method?: string; headers?: object; body?: string }) {
  const token = keptSession().read()?.token;
  const headers = { ...init.headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
  const sentAtMs = Date.now();
  const response = await fetch(path, { ...init, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  noteClock(response, sentAtMs);
  const answer = (await response.json()) as Answer & Problem;
  if (!response.ok) throw new Refused(response, answer);
  return { status: response.status, answer: answer as Answer };
}
