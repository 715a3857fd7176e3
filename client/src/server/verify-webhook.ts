import type { Change } from '../contract.ts';
import { FrontrowError } from '../error.ts';

const SECRET_PREFIX = 'whsec_';

/** Seconds by which the time of a message may differ from this machine's clock. */
const TOLERANCE_SECONDS = 300;

/** Signatures of one message that are read. It has two while a secret is rotated. */
const MAX_SIGNATURES = 10;

/** Headers of Node, of fetch, or a plain record. */
export type WebhookHeaders =
  | { get: (name: string) => string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * A message of a webhook. `id` stays when it is sent again: a message whose id you have taken has nothing new.
 * `test`: an operator tries the endpoint.
 */
export type WebhookMessage = { id: string } & ({ type: 'changes'; data: Change[] } | { type: 'test'; data: [] });

/**
 * Verifies a message by the Standard Webhooks specification: its signature, and that it is at most five minutes old by
 * this machine's clock.
 *
 * @param secrets the endpoint's secret, `whsec_...`; several while it is rotated
 * @param body the body as it came: a JSON parser changes it
 * @throws FrontrowError SIGNATURE_INVALID with what is wrong
 */
export async function verifyWebhook(
  secrets: string | readonly string[],
  headers: WebhookHeaders,
  body: string | Uint8Array,
): Promise<WebhookMessage> {
  if (typeof body !== 'string' && !(body instanceof Uint8Array))
    throw invalid('The body is not the raw one: pass its text or its bytes, before a JSON parser.');
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const signatures = signaturesIn(headerOf(headers, 'webhook-signature'));
  requireRecent(timestamp);
  const content = bytesOf(`${id}.${timestamp}.`, body);
  const all = typeof secrets === 'string' ? [secrets] : secrets;
  const verdicts = await Promise.all(all.map((secret) => isSignedWith(secret, signatures, content)));
  if (!verdicts.includes(true))
    throw invalid('No signature matches: the body was changed on its way, or the secret is of another endpoint.');
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  return { id, ...JSON.parse(text) };
}

const invalid = (message: string, cause?: unknown) => new FrontrowError('SIGNATURE_INVALID', message, { cause });

function headerOf(headers: WebhookHeaders, name: string): string {
  const value =
    'get' in headers && typeof headers.get === 'function'
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  if (typeof value !== 'string' || value === '') throw invalid(`The header ${name} is missing.`);
  return value;
}

/** The signatures of version 1. */
function signaturesIn(header: string): Uint8Array<ArrayBuffer>[] {
  return header
    .split(' ', MAX_SIGNATURES)
    .filter((signature) => signature.startsWith('v1,'))
    .flatMap((signature) => decode(signature.slice('v1,'.length)) ?? []);
}

function requireRecent(timestamp: string): void {
  if (!/^\d{1,12}$/.test(timestamp)) throw invalid('The header webhook-timestamp is no number of seconds.');
  const ageSeconds = Date.now() / 1000 - Number(timestamp);
  if (Math.abs(ageSeconds) <= TOLERANCE_SECONDS) return;
  const age = `${Math.round(Math.abs(ageSeconds))} s ${ageSeconds > 0 ? 'old' : 'in the future'}`;
  throw invalid(`By this machine's clock the message is ${age}; at most ${TOLERANCE_SECONDS} s are allowed.`);
}

/** The comparison of WebCrypto takes the same time wherever signatures differ. */
async function isSignedWith(
  secret: string,
  signatures: readonly Uint8Array<ArrayBuffer>[],
  content: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const { subtle } = globalThis.crypto;
  const bytes = secret?.startsWith(SECRET_PREFIX) ? decode(secret.slice(SECRET_PREFIX.length)) : undefined;
  if (bytes === undefined || bytes.length === 0) throw invalid(`The secret is none: it begins with ${SECRET_PREFIX}.`);
  const key = await subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
  const verdicts = await Promise.all(signatures.map((signature) => subtle.verify('HMAC', key, signature, content)));
  return verdicts.includes(true);
}

/** The bytes of base64; undefined where it is none. */
function decode(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function bytesOf(text: string, body: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const [first, rest] = [encoder.encode(text), typeof body === 'string' ? encoder.encode(body) : body];
  const bytes = new Uint8Array(first.length + rest.length);
  bytes.set(first);
  bytes.set(rest, first.length);
  return bytes;
}
