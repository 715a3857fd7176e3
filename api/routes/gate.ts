import type { Express, Request, Response } from 'express';
import { z } from 'zod';
import type { Config } from '../../shared/config.ts';
import { entryBody, verifyBody } from '../../shared/contract/gate.ts';
import { eventId, inAddress } from '../../shared/contract/ids.ts';
import { JWKS_SECONDS } from '../../shared/domain/gate-keys.ts';
import { siteCookie } from '../../shared/domain/site-entry.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import { metrics } from '../../shared/telemetry/metrics.ts';
import type { Entries } from '../gate/entries.ts';
import type { Gate, GateAnswer } from '../gate/gate.ts';
import type { GateKeyRing } from '../gate/gate-key-ring.ts';
import { type ProxyKind, requestedAddress } from '../gate/return-address.ts';
import type { SiteAdmissions } from '../gate/site-admissions.ts';
import { readJson, readOptionalJson } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { cookieOf } from '../http/request.ts';
import { parse } from '../http/validation.ts';
import type { WaitingRooms } from '../waiting-room/lines.ts';
import { layoutOf } from './event-layout.ts';
import { visitorTokenOf } from './waiting-room.ts';

const params = z.object({ id: inAddress(eventId) });

type GateDeps = {
  config: Pick<Config, 'PUBLIC_URL'>;
  gate: Gate;
  gateKeyRing: GateKeyRing;
  entries: Entries;
  siteAdmissions: SiteAdmissions;
  waitingRooms: Pick<WaitingRooms, 'find'>;
  events: EventStore;
};

/**
 * The gate in front of sites: for their proxies `/gate/:id`, for their servers `/api/gate/verify` and the public keys,
 * for the waiting page the entries.
 */
export function addGateRoutes(app: Express, deps: GateDeps): void {
  app.get('/gate/:id', decide(deps));
  app.post('/api/gate/verify', verify(deps));
  app.post('/api/events/:id/waiting-room/entry', giveEntry(deps));
  app.get('/.well-known/jwks.json', showKeys(deps));
}

/** The event of the path. Its store is read only where this node has no room of the event. */
async function eventOf(req: Request, { waitingRooms, events }: GateDeps): Promise<number> {
  const parsed = params.safeParse(req.params);
  if (!parsed.success) throw new ApiError('EVENT_UNKNOWN');
  const { id } = parsed.data;
  if (waitingRooms.find(id) === undefined) await layoutOf(events, id);
  return id;
}

/** The query is the visitor's: some proxies pass it on. The headers have the whole address. */
const decide = (deps: GateDeps) => async (req: Request, res: Response) => {
  const id = await eventOf(req, deps);
  const { url, proxy } = requestedAddress(req.headers);
  const isRead = methodOf(req) === 'GET';
  const answer = await deps.gate.decide(id, {
    url,
    cookie: cookieOf(req, siteCookie(id, url.origin)),
    isRead,
    mayRedirect: proxy === 'forward-auth' && isRead && isPageLoad(req),
  });
  metrics.gateAnswers.inc({ answer: answer.kind });
  const address = 'address' in answer ? answer.address : undefined;
  const headers = { ...NOT_STORED, ...cookiesOf(id, url.origin, answer) };
  if (address === undefined) return void res.writeHead(204, headers).end();
  const location = answer.kind === 'waiting' ? waitingPage(req, id, address, deps) : address;
  redirect(res, proxy, location, headers);
};

const NOT_STORED = { 'cache-control': 'no-store' };

/** The method of the visitor's request, as the proxy sends it. A form that was posted would be lost by a redirect. */
const methodOf = ({ headers }: Request) => headers['x-original-method'] ?? headers['x-forwarded-method'] ?? 'GET';

/** Whether a browser loads a page, and follows a redirect of it. */
function isPageLoad({ headers }: Request): boolean {
  const mode = headers['sec-fetch-mode'];
  return mode === undefined ? (headers.accept ?? '').includes('text/html') : mode === 'navigate';
}

/** The waiting page, from where a visitor comes back to an address. */
function waitingPage({ socket }: Request, id: number, address: string, { config }: GateDeps): string {
  const local = (socket.localAddress ?? '127.0.0.1').replace('::ffff:', '');
  const own = `http://${local.includes(':') ? `[${local}]` : local}:${socket.localPort}`;
  return `${config.PUBLIC_URL ?? own}/events/${id}/wait?return=${encodeURIComponent(address)}`;
}

function cookiesOf(id: number, site: string, answer: GateAnswer): Record<string, string> {
  const admission = 'admission' in answer ? answer.admission : undefined;
  if (admission === undefined) return {};
  const seconds = Math.max(1, Math.floor((admission.untilMs - sharedNowMs()) / 1000));
  const attributes = `Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=Lax`;
  return { 'set-cookie': `${siteCookie(id, site)}=${admission.token}; ${attributes}` };
}

/** nginx takes 401 as the answer of a gate, and makes the redirect itself; the others pass on what they get. */
function redirect(res: Response, proxy: ProxyKind, location: string, headers: Record<string, string>): void {
  res.writeHead(proxy === 'nginx' ? 401 : 302, { location, 'content-length': 0, ...headers }).end();
}

const giveEntry = (deps: GateDeps) => async (req: Request, res: Response) => {
  refuseQuery(req);
  const { returnTo } = parse(entryBody, await readOptionalJson(req));
  const id = await eventOf(req, deps);
  reply(res, 200, await deps.entries.give(id, returnTo, visitorTokenOf(req)), NOT_STORED);
};

const verify = (deps: GateDeps) => async (req: Request, res: Response) => {
  refuseQuery(req);
  const { eventId: id, site, token, renew } = parse(verifyBody, await readJson(req));
  const judged = await deps.siteAdmissions.judge({ eventId: id, site, token, mayRenew: renew });
  if ('refused' in judged) throw new ApiError('ADMISSION_INVALID', undefined, { reason: judged.refused });
  const { visitor, entries, next } = judged;
  const { position, userId, untilMs } = visitor;
  const expiresAt = new Date(untilMs).toISOString();
  reply(res, 200, { eventId: id, site, position, userId, entries, expiresAt, admission: next?.token }, NOT_STORED);
};

const showKeys =
  ({ gateKeyRing }: GateDeps) =>
  (req: Request, res: Response) => {
    refuseQuery(req);
    reply(res, 200, { keys: gateKeyRing.publicKeys() }, { 'cache-control': `public, max-age=${JWKS_SECONDS}` });
  };
