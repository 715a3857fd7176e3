import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Express, Request, Response } from 'express';
import type { Config } from '../../shared/platform/config.ts';
import { metrics } from '../../shared/platform/metrics.ts';
import { createOriginGuard } from '../auth/origins.ts';
import { clientOf, clientOfAddress } from './client-address.ts';
import { COMPAT_PATHS } from './compat-paths.ts';
import { createConnectionShares } from './connection-shares.ts';
import { ApiError } from './errors.ts';
import { areLimitsOn } from './rate-limits.ts';
import { replyCompatError, replyProblem } from './replies.ts';
import { createRequestPace } from './request-pace.ts';

/** Paths that a connection past a bound may still request, so that an orchestrator sees a busy node as alive. */
const HEALTH_PATHS = /^\/(healthz|readyz)(\/|\?|$)/;

/** Milliseconds that such a connection may last. */
const SPARE_MS = 5_000;

/** Requests of one connection that may wait for their client's pace: one that waits for answers has one. */
const MAX_WAITING_ON_CONNECTION = 20;

/** Milliseconds that a request may wait: a client whose 4,000 connections have one request each stays below. */
const MAX_DELAY_MS = 2_000;

/**
 * Decides which connections and requests are admitted, before any route, limit or body: each client has a share of the
 * connections, and pages of other sites change nothing.
 *
 * @param isProxy whether an address is a proxy that TRUST_PROXY names: it forwards for all clients and has no share
 */
export function createDoor(
  config: Parameters<typeof createOriginGuard>[0] & Parameters<typeof areLimitsOn>[0] & Pick<Config, 'TRUST_PROXY'>,
  isProxy: (address: string) => boolean,
  admit = createConnectionShares(),
  pace = createRequestPace(),
) {
  const foreignOf = createOriginGuard(config);
  const hasShares = areLimitsOn(config);
  const spare = new WeakSet<Socket>();
  const owners = new WeakMap<Socket, string>();
  const open = new Map<string, Set<Socket>>();
  const waitingOn = new WeakMap<Socket, number>();

  /** Why a request, or the upgrade to a WebSocket, is refused; undefined where it may go on. */
  function refusalOf(req: IncomingMessage): ApiError | undefined {
    if (spare.has(req.socket) && !HEALTH_PATHS.test(req.url ?? ''))
      return new ApiError('OVERLOADED', 'Too many connections are open. Close some, or try again later.');
    return foreignOf(req);
  }

  /**
   * The client that owns the connection; undefined where clients are not limited, and for a proxy, which forwards for
   * all clients.
   */
  function clientOfSocket({ remoteAddress = '' }: Socket): string | undefined {
    return hasShares && !isProxy(remoteAddress) ? clientOfAddress(remoteAddress) : undefined;
  }

  function own(client: string, socket: Socket): void {
    owners.set(socket, client);
    const sockets = open.get(client) ?? new Set();
    open.set(client, sockets.add(socket));
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0 && open.get(client) === sockets) open.delete(client);
    });
  }

  /** Closes all connections of a client: each could hold a thousand more requests that were read already. */
  function cutOff(client: string): void {
    pace.cutOff(client);
    for (const socket of open.get(client) ?? []) socket.destroy();
  }

  return {
    refusalOf,

    /** The client that sends a request, behind a proxy too; undefined where clients are not limited. */
    clientOf: (req: IncomingMessage): string | undefined => (hasShares ? clientOf(req as Request) : undefined),

    /**
     * Counts a connection, and closes it where it is one too many. Node's `maxConnections` counts only those that the
     * server's own handle accepted.
     */
    connect(socket: Socket): void {
      const client = clientOfSocket(socket);
      if (client !== undefined && pace.isCutOff(client)) return void socket.destroy();
      if (client !== undefined) own(client, socket);
      const { as, close } = admit(client);
      socket.once('close', close);
      if (as === 'served') return;
      if (as === 'closed') return void socket.destroy();
      spare.add(socket);
      const timer = setTimeout(() => socket.destroy(), SPARE_MS);
      socket.once('close', () => clearTimeout(timer));
    },

    /**
     * Serves the requests that are admitted, at each client's pace. The others are refused and their connection is
     * closed: their body is not read.
     */
    before(app: Express): RequestListener {
      function serve(req: IncomingMessage, res: ServerResponse): void {
        const refusal = refusalOf(req);
        if (refusal !== undefined || spare.has(req.socket)) res.shouldKeepAlive = false;
        if (refusal === undefined) {
          app(req as Request, res as Response);
          return;
        }
        metrics.httpErrors.inc({ code: refusal.code });
        const answer = COMPAT_PATHS.test(req.url ?? '') ? replyCompatError : replyProblem;
        answer(res, refusal);
      }

      return (req, res) => {
        const { socket } = req;
        if (socket.destroyed) return; // the rest of what a connection sent before it was cut off
        const owner = owners.get(socket);
        const delay = owner === undefined ? 0 : pace.delayOf(owner);
        if (owner === undefined || delay === 0) return serve(req, res);
        const waiting = waitingOn.get(socket) ?? 0;
        if (waiting >= MAX_WAITING_ON_CONNECTION || delay > MAX_DELAY_MS) return cutOff(owner);
        waitingOn.set(socket, waiting + 1);
        setTimeout(() => {
          waitingOn.set(socket, (waitingOn.get(socket) ?? 1) - 1);
          if (!socket.destroyed) serve(req, res);
        }, delay);
      };
    },
  };
}

export type Door = ReturnType<typeof createDoor>;
