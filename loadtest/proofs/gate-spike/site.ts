import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { importJWK, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { jwksView } from '../../../shared/contract/gate.ts';
import { siteCookie } from '../../../shared/domain/site-entry.ts';
import { createLogger } from '../../../shared/platform/logger.ts';
import { KIND_HEADER, SITE_HEADER, SITE_TEXT, type SiteArgs, type SiteReport } from './site-report.ts';

/*
 * The plain site behind the gate, a program of its own. It answers every request that reaches it, notes what came, and
 * checks each admission offline with the public keys alone.
 */

/** Milliseconds between two reads of the public keys. */
const READ_MS = 1_000;

/** Milliseconds from the gate's decision until a request is checked here. */
const LATE_MS = 5_000;

process.on('disconnect', () => process.exit(0));
const { event, keysUrl, origins } = JSON.parse(process.argv[2] ?? '') as SiteArgs;
const log = createLogger({ LOG_LEVEL: 'warn' }, 'site');

/** All keys that were ever published: for how long they are valid is the gate's business. */
const keys = new Map<string, Awaited<ReturnType<typeof importJWK>>>();

async function readKeys(): Promise<void> {
  const shown = jwksView.parse(await (await fetch(keysUrl)).json());
  for (const key of shown.keys) if (!keys.has(key.kid)) keys.set(key.kid, await importJWK(key, 'EdDSA'));
}

const keyOf: JWTVerifyGetKey = async ({ kid = '' }) => {
  if (!keys.has(kid)) await readKeys();
  const key = keys.get(kid);
  if (key === undefined) throw new Error('the key was never published');
  return key;
};

type Verified = { position: number; kid: string; untilMs: number };

/** Admissions that were verified, so that each costs one verification. */
const verified = new Map<string, Verified>();

/** @throws Error where this is no admission to the site */
async function verify(token: string, origin: string): Promise<Verified> {
  const known = verified.get(token);
  if (known !== undefined) return known;
  const options = { audience: origin, typ: 'admission+jwt', algorithms: ['EdDSA'], clockTolerance: LATE_MS / 1000 };
  const { payload, protectedHeader } = await jwtVerify(token, keyOf, options);
  if (payload.event !== event) throw new Error('of another event');
  const { kid = '' } = protectedHeader;
  const read = { position: Number(payload.position), kid, untilMs: 1000 * Number(payload.exp) };
  verified.set(token, read);
  return read;
}

const report: SiteReport = { requests: {}, invalid: [], visitors: [], lastOfKey: {} };
const visitors = new Map<number, SiteReport['visitors'][number]>();

async function note({ headers }: IncomingMessage): Promise<void> {
  const kind = String(headers[KIND_HEADER]);
  const atMs = Date.now();
  report.requests[kind] = (report.requests[kind] ?? 0) + 1;
  const site = headers[SITE_HEADER] === 'other' ? 'other' : 'site';
  const token = new RegExp(`${siteCookie(event, origins[site])}=([^;]*)`).exec(headers.cookie ?? '')?.[1] ?? '';
  try {
    const { position, kid, untilMs } = await verify(token, origins[site]);
    if (atMs > untilMs + LATE_MS) throw new Error('it has ended');
    report.lastOfKey[kid] = atMs;
    if (site === 'other') return;
    const visitor = visitors.get(position) ?? { position, firstMs: atMs, requests: 0 };
    visitor.requests += 1;
    visitors.set(position, visitor);
  } catch (fault) {
    report.invalid.push(`${kind}: ${(fault as Error).message}`);
  }
}

/** Requests that are not noted yet. */
const pending = new Set<Promise<void>>();

const server = createServer((req, res) => {
  const noting = note(req).finally(() => pending.delete(noting));
  pending.add(noting);
  res.writeHead(200, { 'content-length': SITE_TEXT.length, 'content-type': 'text/html' }).end(SITE_TEXT);
});
server.keepAliveTimeout = 60_000;
process.on('message', () => {
  void Promise.all(pending).then(() => process.send?.({ ...report, visitors: [...visitors.values()] }));
});

await readKeys();
setInterval(() => void readKeys().catch((err: Error) => log.warn({ err }, 'reading the keys failed')), READ_MS);
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
