import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { createTokenBucket, type TokenBucket } from '../../shared/domain/token-bucket.ts';
import type { ConnectionOwners } from './connection-owners.ts';

/**
 * Requests of one client, of any kind: the burst takes a tenth of a second of a core, the rate a few percent of a core.
 * An office behind one address polls less often.
 */
const OF_CLIENT = { perSecond: 2_000, burst: 500 };

/** Milliseconds for which a client is cut off that sends more requests without waiting for answers. */
const CUT_OFF_MS = 5_000;

/** Clients that are remembered: about 20 MB. At the bound the oldest one is dropped. */
const MAX_CLIENTS = 100_000;

/** Requests of one connection that may wait for their client's pace: a client that waits for answers has one. */
const MAX_WAITING_ON_CONNECTION = 20;

/** Milliseconds that a request may wait: a client whose 4,000 connections have one request each stays below. */
const MAX_DELAY_MS = 2_000;

/** The pace of each client's requests, so that no number of cheap requests of one client delays the others. */
export function createRequestPace(ofClient = OF_CLIENT, maxClients = MAX_CLIENTS) {
  const clients = new Map<string, { bucket: TokenBucket; cutOffUntilMs: number }>();

  function stateOf(client: string) {
    const known = clients.get(client);
    if (known !== undefined) return known;
    const [oldest] = clients.keys();
    if (clients.size >= maxClients && oldest !== undefined) clients.delete(oldest);
    const added = { bucket: createTokenBucket(ofClient), cutOffUntilMs: 0 };
    clients.set(client, added);
    return added;
  }

  return {
    isCutOff: (client: string): boolean => (clients.get(client)?.cutOffUntilMs ?? 0) > performance.now(),

    /** Counts a request. Returns the milliseconds that it has to wait. */
    delayOf(client: string): number {
      const { bucket } = stateOf(client);
      const nowMs = performance.now();
      bucket.take(1, nowMs);
      return bucket.waitMs(nowMs);
    },

    cutOff(client: string): void {
      stateOf(client).cutOffUntilMs = performance.now() + CUT_OFF_MS;
    },
  };
}

type RequestPace = ReturnType<typeof createRequestPace>;

/** Serves each request at its client's pace. Connections without an owner are not paced. */
export function pacedListener(pace: RequestPace, owners: ConnectionOwners, serve: RequestListener): RequestListener {
  const waitingOn = new WeakMap<Socket, number>();

  return (req, res) => {
    const { socket } = req;
    if (socket.destroyed) return; // a request that Node had read before the connection was closed
    const owner = owners.ownerOf(socket);
    const delayMs = owner === undefined ? 0 : pace.delayOf(owner);
    if (owner === undefined || delayMs === 0) return serve(req, res);
    const waiting = waitingOn.get(socket) ?? 0;
    if (waiting >= MAX_WAITING_ON_CONNECTION || delayMs > MAX_DELAY_MS) {
      pace.cutOff(owner);
      owners.destroyAll(owner); // each connection could hold a thousand more requests that were read already
      return;
    }
    waitingOn.set(socket, waiting + 1);
    setTimeout(() => {
      waitingOn.set(socket, (waitingOn.get(socket) ?? 1) - 1);
      if (!socket.destroyed) serve(req, res);
    }, delayMs);
  };
}
