import { createHmac, randomBytes } from 'node:crypto';
import { type EndpointAnswer, SECRET_PREFIX } from '../contract/webhooks.ts';

/** Bytes of a secret: the Standard Webhooks specification has 24 to 64. */
const SECRET_BYTES = 32;

/** Milliseconds between two attempts: the first bound doubles with each failure up to the last one. */
const FIRST_WAIT_MS = 2_000;
const LAST_WAIT_MS = 3_600_000;

/** Milliseconds of failures after which an endpoint is given up. */
const GIVE_UP_MS = 3 * 24 * 3_600_000;

/** Gone: the endpoint wants no more messages. */
const GONE = 410;

export const newSecret = (): string => `${SECRET_PREFIX}${randomBytes(SECRET_BYTES).toString('base64')}`;

/** A message: its id, and the exact text of its body. */
type SignedMessage = { id: string; body: string };

/** Milliseconds that an attempt may take: to connect, to send, and to answer. */
export const ATTEMPT_MS = 10_000;

/**
 * The headers of an attempt by the Standard Webhooks specification (standardwebhooks.com), with one signature for each
 * secret.
 */
export function headersOf({ id, body }: SignedMessage, secrets: readonly string[], nowMs: number) {
  const seconds = Math.floor(nowMs / 1000);
  const sign = (secret: string) => {
    const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`;
  };
  return {
    'content-type': 'application/json',
    'user-agent': 'Frontrow',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': secrets.map(sign).join(' '),
  };
}

/** The meaning of an answer: only 2xx is a delivery; a redirect is not followed. */
export function verdictOf({ status = 0 }: Pick<EndpointAnswer, 'status'>): 'delivered' | 'gone' | 'failed' {
  if (status >= 200 && status < 300) return 'delivered';
  return status === GONE ? 'gone' : 'failed';
}

/**
 * The milliseconds from a failed attempt until the next one, or that the endpoint is given up.
 *
 * @param failures attempts that failed in a row, this one included
 * @param failingMs milliseconds since the first of them
 * @param random 0 to 1: endpoints that failed at once do not all come back at once
 */
export function afterFailure(failures: number, failingMs: number, random = Math.random()): number | 'stop' {
  if (failingMs >= GIVE_UP_MS) return 'stop';
  const boundMs = Math.min(LAST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 30));
  return Math.round((boundMs / 2) * (1 + random));
}
