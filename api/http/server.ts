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

/** Headers of one request. Node bounds their bytes at 16 KiB. */
const MAX_HEADERS = 100;

/** Milliseconds until a request must be there, its headers before the rest, and how often that is looked at. */
const TIMEOUTS = { requestTimeout: 20_000, headersTimeout: 10_000, connectionsCheckingInterval: 5_000 };

/** Milliseconds in which nothing moved on a connection before it is closed: longer than the longest wait for an outcome. */
const STALLED_MS = 90_000;

/** A request that may offer to go on with another protocol. */
type Offering = IncomingMessage & { offersUpgrade?: boolean | null };

/** A request that knows when its headers were there. */
export type Timed = IncomingMessage & { cameAtMs?: number };

/**
 * An HTTP server for an Express app whose requests and responses are born with Express' prototypes.
 *
 * Express gives every request and response its prototype with `Object.setPrototypeOf` (its lib/application.js, `handle`).
 * V8 cannot optimize what touches such an object afterwards, all of Node's HTTP code included: a request that does nothing
 * costs three times the CPU. Given classes that have the prototypes already, Express' call does nothing.
 *
 * @param headersOf what every answer carries, unless it says something else itself
 * @param options.keepAliveSeconds how long a connection may rest between two requests. Node's 5 s are the time between
 *   two clicks of a person, and would close connections just as they are used again
 * @param options.listener called for each request: the app, or a wrapper in front of it
 */
export function createAppServer(
  app: Express,
  headersOf: (req: Request) => OutgoingHttpHeaders,
  {
    keepAliveSeconds = defaults.KEEP_ALIVE_SECONDS,
    listener = app,
  }: { keepAliveSeconds?: number; listener?: RequestListener } = {},
): Server {
  class AppRequest extends IncomingMessage {
    constructor(socket: Socket) {
      super(socket);
      (this as Timed).cameAtMs = performance.now();
    }
  }
  class AppResponse extends ServerResponse {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  // Only WebSocket is spoken here. Who offers something else (Java's HttpClient offers h2c) is served as if it did not.
  Object.defineProperty(AppRequest.prototype, 'upgrade', {
    get(this: Offering) {
      return this.offersUpgrade && (this.method === 'CONNECT' || /^websocket$/i.test(this.headers.upgrade ?? ''));
    },
    set(this: Offering, offers: boolean | null) {
      this.offersUpgrade = offers;
    },
  });
  // Every answer passes here, also those that Express' own parts write. Assigned: a spread costs three times as much.
  AppResponse.prototype.writeHead = function writeHead(this: ServerResponse, status: number, headers?: unknown) {
    noteAnswer(this.req as Request & Timed, status);
    // Node itself refuses requests without a Host, and gives names and values in turn, which nothing else here does.
    if (Array.isArray(headers)) return ServerResponse.prototype.writeHead.call(this, status, headers);
    const merged = Object.assign({}, headersOf(this.req as Request), this.getHeaders(), headers);
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
  // A client may expect what it likes: it gets the route's own answer and not Node's 417.
  server.on('checkExpectation', listener);
  return server;
}

/** What routes took, each by method and status, by the object that Express has for the route. Labels are bound once. */
const answersOf = new Map<unknown, Map<string, ReturnType<typeof metrics.httpSeconds.labels>>>();

/** Notes that a request is answered now, under its route's pattern. */
function noteAnswer(req: Request & Timed, status: number): void {
  const { method, route, cameAtMs = 0 } = req;
  const answers = answersOf.get(route) ?? new Map();
  if (answers.size === 0) answersOf.set(route, answers);
  const key = `${method} ${status}`;
  let seconds = answers.get(key);
  if (seconds === undefined) {
    seconds = metrics.httpSeconds.labels(method, patternOf(req), String(status));
    answers.set(key, seconds);
  }
  seconds.observe((performance.now() - cameAtMs) / 1000);
}

/**
 * The pattern of the route that answers: its own, behind the path that its router is mounted at. Routers' paths have no parameters, so
 * it is what stands in the address before the route's own part.
 */
export function patternOf({ route, originalUrl }: Request): string {
  if (route === undefined) return 'other';
  const segments = (path: string) => path.split('/').filter((segment) => segment !== '');
  if (Array.isArray(route.path)) return route.path[0]; // pages, which are not below a router
  const own = segments(String(route.path));
  const all = segments(originalUrl.toLowerCase().replace(/^\w+:\/\/[^/]*|\?.*/g, ''));
  return `/${[...all.slice(0, all.length - own.length), ...own].join('/')}`;
}
