import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Express, Request, Response } from 'express';
import { metrics } from '../../shared/telemetry/metrics.ts';
import { clientOf, clientOfAddress } from '../http/client-address.ts';
import { ApiError, asApiError } from '../http/errors.ts';
import { replyError } from '../http/replies.ts';
import { createConnectionOwners } from './connection-owners.ts';
import { createConnectionShares } from './connection-shares.ts';
import { createRequestPace, pacedListener } from './request-pace.ts';

/** Paths that a connection past a bound may still request, so that an orchestrator sees a busy node as alive. */
const HEALTH_PATHS = /^\/(healthz|readyz)(\/|\?|$)/;

/** Milliseconds that such a connection may last. */
const SPARE_MS = 5_000;

type GuardDeps = {
  /** Whether clients are limited. */
  isLimited: boolean;
  /** Whether an address is a proxy of TRUST_PROXY: it forwards for all clients, so it has no share and no pace. */
  isProxy: (address: string) => boolean;
  /** Refuses a request by its origin. */
  originRefusalOf: (req: IncomingMessage) => ApiError | undefined;
  /** Authenticates a request by its key: a promise where that takes time, undefined where it is done. */
  checkKey: (req: IncomingMessage) => Promise<void> | undefined;
  admit?: ReturnType<typeof createConnectionShares>;
  pace?: ReturnType<typeof createRequestPace>;
};

/**
 * Decides which connections and requests are admitted, before any route, limit or body: each client has a share of the
 * connections and a pace for its requests.
 */
export function createConnectionGuard(deps: GuardDeps) {
  const { isLimited, isProxy, originRefusalOf, checkKey } = deps;
  const { admit = createConnectionShares(), pace = createRequestPace() } = deps;
  const owners = createConnectionOwners();
  const spare = new WeakSet<Socket>();

  /** Why a request, or the upgrade to a WebSocket, is refused; undefined where it is admitted. */
  function refusalOf(req: IncomingMessage): ApiError | undefined {
    if (spare.has(req.socket) && !HEALTH_PATHS.test(req.url ?? ''))
      return new ApiError('OVERLOADED', 'Too many connections are open. Close some, or try again later.');
    return originRefusalOf(req);
  }

  /** The client that owns a connection; undefined where clients are not limited, and for a proxy. */
  const clientOfSocket = ({ remoteAddress = '' }: Socket): string | undefined =>
    isLimited && !isProxy(remoteAddress) ? clientOfAddress(remoteAddress) : undefined;

  /** Keeps a connection past a bound, for health checks and a short time. */
  function keepAsSpare(socket: Socket): void {
    spare.add(socket);
    const timer = setTimeout(() => socket.destroy(), SPARE_MS);
    socket.once('close', () => clearTimeout(timer));
  }

  return {
    refusalOf,

    /** The client that sends a request, also behind a proxy; undefined where clients are not limited. */
    clientOf: (req: IncomingMessage): string | undefined => (isLimited ? clientOf(req as Request) : undefined),

    /**
     * Counts a connection, and closes it where it is one too many. Node's `maxConnections` counts only those that the
     * server's own handle accepted.
     */
    admitConnection(socket: Socket): void {
      const client = clientOfSocket(socket);
      if (client !== undefined && pace.isCutOff(client)) return void socket.destroy();
      if (client !== undefined) owners.add(client, socket);
      const { as, close } = admit(client);
      socket.once('close', close);
      if (as === 'closed') socket.destroy();
      if (as === 'spare') keepAsSpare(socket);
    },

    /**
     * The listener for an app's requests: it passes on those that are admitted, at each client's pace. It refuses the
     * others, also those with an invalid key, and closes their connection, because their body is not read.
     */
    listenerFor(app: Express): RequestListener {
      function serve(req: IncomingMessage, res: ServerResponse): void {
        if (spare.has(req.socket)) res.shouldKeepAlive = false;
        const refusal = refusalOf(req);
        if (refusal !== undefined) {
          refuse(req, res, refusal);
          return;
        }
        const pending = checkKey(req);
        if (pending === undefined) app(req as Request, res as Response);
        else void serveAfter(pending, req, res);
      }

      async function serveAfter(pending: Promise<void>, req: IncomingMessage, res: ServerResponse): Promise<void> {
        try {
          await pending;
        } catch (fault) {
          refuse(req, res, asApiError(fault));
          return;
        }
        if (!req.socket.destroyed) app(req as Request, res as Response);
      }

      return pacedListener(pace, owners, serve);
    },
  };
}

/** Answers a request that is not admitted. */
function refuse(req: IncomingMessage, res: ServerResponse, refusal: ApiError): void {
  res.shouldKeepAlive = false;
  metrics.httpErrors.inc({ code: refusal.code });
  replyError(res, req.url ?? '', refusal);
}

export type ConnectionGuard = ReturnType<typeof createConnectionGuard>;
