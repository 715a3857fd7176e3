import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { type Agent, Agent as HttpAgent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { Agent as HttpsAgent, request as requestTls } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/*
 * Requests to addresses that an operator names. Unless a setting allows them, private addresses are refused: else a
 * server in our own network could be reached through us.
 */

/** Milliseconds that an idle connection is kept: less than most servers keep theirs. */
const IDLE_MS = 4_000;

/** Bytes of an answer's body that are read. A longer one ends its connection. */
const MAX_ANSWER_BYTES = 1_024;

/** Characters of a fault's description. */
const MAX_FAULT_LENGTH = 200;

/** The prefix of IPv4 addresses that a NAT64 translates (RFC 6052): their last 32 bits decide. */
const NAT64_RANGE = 'rfc6052';
const IPV4_BYTES = 4;

/** The address is not on the public internet. */
class PrivateAddress extends Error {
  override readonly name = 'PrivateAddress';

  constructor(address: string) {
    super(`the address ${address} is private`);
  }
}

/** Whether an IP address is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address); // the IPv4 address of one that is mapped into IPv6
  if (parsed.range() === NAT64_RANGE)
    return isPublicAddress(ipaddr.fromByteArray(parsed.toByteArray().slice(-IPV4_BYTES)).toString());
  return parsed.range() === 'unicast';
}

/** The host of an address without the brackets of IPv6. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

/**
 * Resolves a host.
 *
 * @throws PrivateAddress where any of its addresses is private
 */
async function resolvePublic(host: string): Promise<LookupAddress[]> {
  const found = await lookup(host, { all: true });
  const refused = privateAmong(found);
  if (refused !== undefined) throw new PrivateAddress(refused);
  return found;
}

const privateAmong = (found: readonly LookupAddress[]): string | undefined =>
  found.find(({ address }) => !isPublicAddress(address))?.address;

/** Resolves a host for a connection that is being made: it goes to exactly the addresses that were checked. */
const lookupPublic: LookupFunction = (host, { all }, done) => {
  resolvePublic(host).then(
    (found) => {
      const [first] = found;
      if (all) done(null, found);
      else done(null, first?.address ?? '', first?.family);
    },
    (fault: NodeJS.ErrnoException) => done(fault, ''),
  );
};

/** The private address that the host of an address is or resolves to; undefined where it cannot be resolved either. */
export async function findPrivateAddress(url: string): Promise<string | undefined> {
  const found = await lookup(hostOf(new URL(url)), { all: true }).catch((fault: NodeJS.ErrnoException) => {
    if (fault.syscall !== 'getaddrinfo') throw fault;
    return [];
  });
  return privateAmong(found);
}

/** Connections to the host of one address, one at a time. */
export type Outbound = { agent: Agent; close: () => void };

/** Keeps a connection between requests to one endpoint. */
export function openOutbound(url: string): Outbound {
  const options = { keepAlive: true, maxSockets: 1, timeout: IDLE_MS };
  const agent = url.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options);
  return { agent, close: () => agent.destroy() };
}

type PostOptions = {
  body: string;
  headers: Record<string, string>;
  toPrivate: boolean;
  timeoutMs: number;
  /** Ends the request. */
  signal?: AbortSignal | undefined;
  outbound?: Outbound | undefined;
};

/** The result of a POST: the status of its answer, or why there was none. */
export type PostResult = { at: string; ms: number; status?: number; fault?: string };

/**
 * Sends one POST, and follows no redirect. An answer counts once it is complete, or as long as `MAX_ANSWER_BYTES`; all
 * of that within `timeoutMs`.
 */
export async function post(url: string, options: PostOptions): Promise<PostResult> {
  const at = new Date().toISOString();
  const startedAt = performance.now();
  const result = await postOnce(url, options).then(
    (status) => ({ status }),
    (fault: NodeJS.ErrnoException) => ({ fault: describe(fault) }),
  );
  return { at, ms: Math.round(performance.now() - startedAt), ...result };
}

/** A fault of the connection, in words. @throws a defect of ours */
function describe(fault: NodeJS.ErrnoException): string {
  if (fault instanceof TypeError || fault instanceof RangeError) throw fault;
  return (fault.message || fault.code || fault.name).slice(0, MAX_FAULT_LENGTH);
}

async function postOnce(url: string, options: PostOptions): Promise<number> {
  const { toPrivate, timeoutMs, signal: given } = options;
  const host = hostOf(new URL(url));
  // No lookup is made for an IP address.
  if (!toPrivate && isIP(host) > 0 && !isPublicAddress(host)) throw new PrivateAddress(host);
  const ending = new AbortController(); // `AbortSignal.any` would stay with a signal that lives long
  const end = () => ending.abort(new Error('the request was ended'));
  const timer = setTimeout(() => ending.abort(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  given?.addEventListener('abort', end);
  if (given?.aborted) end();
  const attempt = () => sendPost(url, options, ending.signal);
  try {
    // The endpoint closed the kept connection just as it was used. Whether it read the request is not known.
    return await attempt().catch((fault: unknown) =>
      fault instanceof ClosedBefore ? attempt() : Promise.reject(fault),
    );
  } catch (fault) {
    throw ending.signal.aborted ? ending.signal.reason : fault;
  } finally {
    clearTimeout(timer);
    given?.removeEventListener('abort', end);
  }
}

/** A kept connection was closed before an answer. */
class ClosedBefore extends Error {
  override readonly name = 'ClosedBefore';
}

function sendPost(url: string, options: PostOptions, signal: AbortSignal): Promise<number> {
  const { body, headers, toPrivate, outbound } = options;
  const requestOptions: RequestOptions = {
    method: 'POST',
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    signal,
    agent: outbound?.agent ?? false,
    ...(!toPrivate && { lookup: lookupPublic }),
  };
  return new Promise((resolve, reject) => {
    const sent = (url.startsWith('https:') ? requestTls : request)(url, requestOptions);
    sent.on('error', (fault: NodeJS.ErrnoException) => {
      const isClosed = sent.reusedSocket && (fault.code === 'ECONNRESET' || fault.code === 'EPIPE');
      reject(isClosed ? new ClosedBefore(fault.message, { cause: fault }) : fault);
    });
    sent.on('response', (answer) => void readStatus(answer).then(resolve, reject));
    sent.end(body);
  });
}

/** Reads an answer to its end, or so far that its connection is not worth keeping. */
async function readStatus(answer: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_ANSWER_BYTES) break; // leaving the loop destroys it
  }
  return answer.statusCode ?? 0;
}
