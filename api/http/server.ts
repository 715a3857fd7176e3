import {
  createServer,
  IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  type Server,
  ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Express, Request } from 'express';
import { defaults } from '../../shared/config.ts';
import { correctedDate } from '../../shared/platform/clock.ts';
import { metrics } from '../../shared/telemetry/metrics.ts';

/** Headers of one request at most. Node limits their bytes to 16 KiB. */
const MAX_HEADERS = 100;

/** Milliseconds in which a request and its headers must arrive, and between two checks. */
const TIMEOUTS = { requestTimeout: 20_000, headersTimeout: 10_000, connectionsCheckingInterval: 5_000 };

/** Milliseconds without traffic before a connection is closed: longer than the longest wait for an outcome. */
const STALLED_MS = 90_000;

/** A request that may offer an upgrade to another protocol. */
type Offering = IncomingMessage & { offersUpgrade?: boolean | null };

/** A request with the time at which its headers had arrived. */
export type Timed = IncomingMessage & { receivedAtMs?: number };

/**
 * An HTTP server for an Express app whose requests and responses are created with Express' prototypes.
 *
 * Express sets the prototype of each request and response (lib/application.js, `Object.setPrototypeOf` in `handle`). V8
 * cannot optimize code that uses such an object afterwards, including all of Node's HTTP code: an empty request costs
 * three times the CPU. With classes that have the prototypes already, Express' call changes nothing.
 *
 * @param headersOf the headers of every answer, which is JSON or not. Headers that a route sets override them
 * @param options.keepAliveSeconds how long a connection may be idle between two requests. Node's default of 5 s is
 *   about the time between two clicks, so it would close connections just before they are used again
 * @param options.listener called for each request: the app, or a wrapper around it
 */
export function createAppServer(
  app: Express,
  headersOf: (req: Request, isJson: boolean) => OutgoingHttpHeaders,
  {
    keepAliveSeconds = defaults.KEEP_ALIVE_SECONDS,
    listener = app,
  }: { keepAliveSeconds?: number; listener?: RequestListener } = {},
): Server {
  class AppRequest extends IncomingMessage {
    constructor(socket: Socket) {
      super(socket);
      (this as Timed).receivedAtMs = performance.now();
    }
  }
  class AppResponse extends ServerResponse {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  // Only WebSocket upgrades are supported. Other offers (Java's HttpClient offers h2c) are ignored.
  Object.defineProperty(AppRequest.prototype, 'upgrade', {
    get(this: Offering) {
      return this.offersUpgrade && (this.method === 'CONNECT' || /^websocket$/i.test(this.headers.upgrade ?? ''));
    },
    set(this: Offering, offers: boolean | null) {
      this.offersUpgrade = offers;
    },
  });
  // Every answer passes here, also those that Express itself writes. `assign`: a spread costs three times as much.
  AppResponse.prototype.writeHead = function writeHead(this: ServerResponse, status: number, headers?: unknown) {
    observeAnswer(this.req as Request & Timed, status);
    // Node itself answers requests without a Host, with an array of names and values. No route passes an array.
    if (Array.isArray(headers)) return ServerResponse.prototype.writeHead.call(this, status, headers);
    const always = headersOf(this.req as Request, isJson(headers as OutgoingHttpHeaders | undefined));
    const merged = Object.assign({}, always, this.getHeaders(), headers);
    const variesBefore = this.getHeader('vary'); // by CORS: caches must not give one site the answer for another
    if (variesBefore !== undefined && merged.vary !== variesBefore) merged.vary = `${variesBefore}, ${merged.vary}`;
    const date = correctedDate();
    if (date !== undefined) merged.date = date;
    return ServerResponse.prototype.writeHead.call(this, status, merged);
  };
  app.request = AppRequest.prototype as typeof app.request;
  app.response = AppResponse.prototype as typeof app.response;
  const server = createServer({ IncomingMessage: AppRequest, ServerResponse: AppResponse, ...TIMEOUTS }, listener);
  server.maxHeadersCount = MAX_HEADERS;
  server.timeout = STALLED_MS;
  server.keepAliveTimeout = keepAliveSeconds * 1000;
  // Any `Expect` header is ignored: the route answers, instead of Node with 417.
  server.on('checkExpectation', (req, res) => server.emit('request', req, res));
  return server;
}

/** Whether an answer is JSON or a problem, by the headers of its route. */
function isJson(headers: OutgoingHttpHeaders | undefined): boolean {
  const type = headers?.['content-type'];
  return typeof type === 'string' && /^application\/(problem\+)?json/.test(type);
}

/** The histograms of each route, by Express' route object, then by method and status. Labels are bound once. */
const histogramsOf = new Map<unknown, Map<string, ReturnType<typeof metrics.httpSeconds.labels>>>();

/** Observes the duration of a request, under its route's pattern. */
function observeAnswer(req: Request & Timed, status: number): void {
  const { method, route, receivedAtMs = 0 } = req;
  const histograms = histogramsOf.get(route) ?? new Map();
  if (histograms.size === 0) histogramsOf.set(route, histograms);
  const key = `${method} ${status}`;
  let seconds = histograms.get(key);
  if (seconds === undefined) {
    seconds = metrics.httpSeconds.labels(method, patternOf(req), String(status));
    histograms.set(key, seconds);
  }
  seconds.observe((performance.now() - receivedAtMs) / 1000);
}

/**
 * The pattern of the route that answers a request: the path of its router, then the route's own pattern. Routers' paths
 * have no parameters, so they are the beginning of the request's path.
 */
export function patternOf({ route, originalUrl }: Request): string {
  if (route === undefined) return 'other';
  const segments = (path: string) => path.split('/').filter((segment) => segment !== '');
  const own = segments(String(route.path));
  const all = segments(originalUrl.toLowerCase().replace(/^\w+:\/\/[^/]*|\?.*/g, ''));
  return `/${[...all.slice(0, all.length - own.length), ...own].join('/')}`;
}
