import type { LineView } from '../contract.ts';
import { entryParameter, siteCookie } from '../domain.ts';
import { createGateApi, type GateApi } from './gate-api.ts';
import { createGateTokens, isUnavailable, type StoredAdmission } from './gate-tokens.ts';

/** Milliseconds for which it is known whether an event has a line. */
const LINE_MS = 1_000;

/** Characters of an address to which the waiting page leads back. From a longer one it leads to the front page. */
const MAX_ADDRESS_LENGTH = 2_000;

/** Seconds after which a visitor may try again while the API does not answer. */
const RETRY_SECONDS = 5;

export type GateOptions = {
  /** The address of the API, as this server reaches it. */
  baseUrl: string;
  /** The address of the API, as visitors reach it; without it, `baseUrl`. */
  publicUrl?: string;
  eventId: number;
  /** The site's own origin, one of the room's `sites`, such as `https://shop.example`. It is no visitor's `Host`. */
  site: string;
};

/** A request to the site: one of `fetch`, or its parts. */
export type GateRequest = { method: string; url: string; headers: { get: (name: string) => string | null } };

/**
 * The answer to a request. One that passes goes on to the site, whose answer gets `cookie` as a `Set-Cookie` beside its
 * own. The others are answered as it says.
 */
export type GateAnswer =
  | { passes: true; cookie?: string }
  | { passes: false; status: number; headers: Record<string, string>; body: string };

/** A request of Node's, Express or Connect. */
type NodeRequest = {
  method?: string | undefined;
  url?: string | undefined;
  originalUrl?: string;
  headers: Record<string, string | string[] | undefined>;
};

/** The response to it. */
type NodeResponse = {
  appendHeader: (name: string, value: string) => unknown;
  writeHead: (status: number, headers: Record<string, string>) => { end: (body: string) => unknown };
};

/**
 * The waiting room in front of a site, in the site's own server. Visitors without an admission are sent to the waiting
 * page, and come back with one. Without a line everybody passes.
 *
 * Admissions are checked by their signature, and every 15 seconds by the API, which sees what a signature cannot. While
 * the API does not answer, visitors whose admission is signed and has not ended pass, and the others get 503.
 *
 * @throws TypeError where `site` is no origin, or an address is none
 */
export function createGate({ baseUrl, publicUrl = baseUrl, eventId, site }: GateOptions) {
  if (new URL(site).origin !== site) throw new TypeError(`site is no origin, such as https://shop.example: ${site}`);
  const waitingPage = new URL(`/events/${eventId}/wait`, publicUrl);
  const api = createGateApi(baseUrl);
  const tokens = createGateTokens({ api, eventId, site });
  const hasLine = createLineCheck(api, eventId);
  const cookieName = siteCookie(eventId, site);

  const cookieOf = ({ token, seconds }: StoredAdmission): string =>
    `${cookieName}=${token}; Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=Lax`;

  /** A redirect to the same address without the entry: a reload would show it again. */
  const toAddress = (path: string, stored?: StoredAdmission): GateAnswer =>
    answered(302, { location: `${site}${path}`, ...(stored && { 'set-cookie': cookieOf(stored) }) });

  /** A visitor who is in takes no other entry, and none by a form that is posted. */
  async function judge({ method, url, headers }: GateRequest): Promise<GateAnswer | undefined> {
    const { path, entry } = withoutEntry(eventId, pathOf(url));
    const isEntering = entry !== undefined && method === 'GET';
    const token = cookieIn(headers.get('cookie'), cookieName);
    const { isValid, next } = token === undefined ? { isValid: false } : await tokens.judgeAdmission(token);
    if (isValid) return isEntering ? toAddress(path, next) : passing(next && cookieOf(next));
    const stored = isEntering ? await tokens.takeEntry(entry) : undefined;
    return stored && toAddress(path, stored);
  }

  /** The answer to a visitor without an admission. A script would not see the waiting page, so it gets a problem. */
  function toWaitingPage({ url, headers }: GateRequest): GateAnswer {
    const address = encodeURIComponent(`${site}${withoutEntry(eventId, pathOf(url)).path}`);
    const back = address.length > MAX_ADDRESS_LENGTH ? encodeURIComponent(site) : address;
    const location = `${waitingPage}?return=${back}`;
    if (isPageLoad(headers)) return answered(302, { location });
    const problem = { title: 'Visitors wait in line', status: 403, code: 'ADMISSION_REQUIRED', location };
    return answered(403, { 'content-type': 'application/problem+json' }, JSON.stringify(problem));
  }

  /**
   * Decides a request.
   *
   * @throws FrontrowError where the API refuses what the gate asks: EVENT_UNKNOWN, INVALID_REQUEST
   */
  async function decide(request: GateRequest): Promise<GateAnswer> {
    try {
      return (await judge(request)) ?? ((await hasLine()) ? toWaitingPage(request) : passing());
    } catch (fault) {
      if (!isUnavailable(fault)) throw fault;
      const headers = { 'content-type': 'text/plain; charset=utf-8', 'retry-after': String(RETRY_SECONDS) };
      return answered(503, headers, 'This page cannot be shown at the moment. Please try again in a few seconds.\n');
    }
  }

  return {
    decide,

    /**
     * A middleware for Express, Connect and `node:http`. `next` goes on to the site, or gets what `decide` throws.
     * Behind it, add cookies to the response (`appendHeader`, in Express `res.cookie`), and do not replace them.
     */
    middleware(req: NodeRequest, res: NodeResponse, next: (fault?: unknown) => void): void {
      const headers = { get: (name: string) => textOf(req.headers[name]) };
      // Express shortens `url` by the path at which a router is mounted.
      const request = { method: req.method ?? 'GET', url: req.originalUrl ?? req.url ?? '/', headers };
      decide(request).then((answer) => {
        if (!answer.passes) return void res.writeHead(answer.status, answer.headers).end(answer.body);
        if (answer.cookie !== undefined) res.appendHeader('Set-Cookie', answer.cookie);
        next();
      }, next);
    },
  };
}

export type Gate = ReturnType<typeof createGate>;

const passing = (cookie?: string): GateAnswer => ({ passes: true, ...(cookie !== undefined && { cookie }) });

const answered = (status: number, headers: Record<string, string>, body = ''): GateAnswer => ({
  passes: false,
  status,
  headers: { 'cache-control': 'no-store', ...headers },
  body,
});

/** Whether visitors of an event have to wait, as of the last second. @throws FrontrowError */
function createLineCheck(api: GateApi, eventId: number): () => Promise<boolean> {
  let read: Promise<boolean> | undefined;
  let readAtMs = 0;
  return () => {
    if (read !== undefined && performance.now() - readAtMs < LINE_MS) return read;
    readAtMs = performance.now();
    const asked = api.ask<LineView>(`/api/events/${eventId}/line`);
    read = asked.then(({ status }) => status !== 'open' && status !== 'ended');
    read.catch(() => {
      read = undefined;
    });
    return read;
  };
}

const textOf = (header: string | string[] | undefined): string | null =>
  (Array.isArray(header) ? header[0] : header) ?? null;

/** Path and query of an address. Its host is the visitor's own word. */
function pathOf(url: string): string {
  if (url.startsWith('/')) return url;
  if (!URL.canParse(url)) return '/';
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}

/** A path without its entry, and the entry. The rest stays as it was written. */
function withoutEntry(eventId: number, path: string): { path: string; entry: string | undefined } {
  const name = entryParameter(eventId);
  const [plain = '/', query = ''] = splitOnce(path, '?');
  const entry = new URLSearchParams(query).get(name) ?? undefined;
  if (entry === undefined) return { path, entry };
  const rest = query.split('&').filter((part) => !new URLSearchParams(part).has(name));
  return { path: rest.length === 0 ? plain : `${plain}?${rest.join('&')}`, entry };
}

function splitOnce(text: string, mark: string): string[] {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** The value of the first cookie of a name. */
function cookieIn(cookies: string | null, name: string): string | undefined {
  const found = (cookies ?? '').split(/; */).find((cookie) => cookie.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

/** Whether a browser loads a page: it says so, or wants HTML. */
function isPageLoad(headers: GateRequest['headers']): boolean {
  const mode = headers.get('sec-fetch-mode');
  return mode === null ? (headers.get('accept') ?? '').includes('text/html') : mode === 'navigate';
}
