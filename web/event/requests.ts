import type { ADMISSION_TOKEN_HEADER } from '../../shared/contract/waiting-room.ts';
import { noteClock, type Problem, Refused } from '../answers.ts';
import { keptSession } from '../kept.ts';

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

async function ask<Answer>(path: string, init: { method?: string; headers?: object; body?: string }) {
  const token = keptSession().read()?.token;
  const headers = { ...init.headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
  const response = await fetch(path, { ...init, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  noteClock(response);
  const answer = (await response.json()) as Answer & Problem;
  if (!response.ok) throw new Refused(response, answer);
  return { status: response.status, answer: answer as Answer };
}
