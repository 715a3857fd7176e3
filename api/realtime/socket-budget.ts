import { createTokenBucket, type TokenBucket } from '../../shared/domain/token-bucket.ts';

/** Messages of one socket, and of all sockets of one client: a herd's follower sends some thousands in a second. */
const OF_SOCKET = { perSecond: 5_000, burst: 10_000 };
const OF_CLIENT = { perSecond: 10_000, burst: 20_000 };

/**
 * The charge, in messages, for a message that needs a look-up in a server. It is given back where the look-up finds the
 * thing.
 */
export const LOOK_UP_COST = 50;

/**
 * Milliseconds between two checks whether a socket may go on, at the most: tokens may have been given back meanwhile.
 */
const MAX_PAUSE_MS = 250;

/** Milliseconds in which an empty bucket is full again. */
const REFILL_MS = 2_000;

/** Stops reading a socket, and reads on. */
type Flow = { pause(): void; resume(): void };

/**
 * Budgets for clients' messages. A socket that exceeds its own, or its client's for all sockets, is not read for a
 * while: its messages wait in the network, none is lost, and no other client waits.
 */
export function createSocketBudgets({ ofSocket = OF_SOCKET, ofClient = OF_CLIENT } = {}) {
  const clients = new Map<string, { bucket: TokenBucket; sockets: number }>();

  /** @param client the client that owns the socket; undefined where clients are not limited */
  return function open(client: string | undefined, flow: Flow) {
    const bucket = createTokenBucket(ofSocket);
    const shared =
      client === undefined ? undefined : (clients.get(client) ?? { bucket: createTokenBucket(ofClient), sockets: 0 });
    if (client !== undefined && shared !== undefined) {
      shared.sockets += 1;
      clients.set(client, shared);
    }
    let timer: NodeJS.Timeout | undefined;

    const waitMs = () => {
      const nowMs = performance.now();
      return Math.max(bucket.waitMs(nowMs), shared?.bucket.waitMs(nowMs) ?? 0);
    };

    function goOnLater(ms: number): void {
      timer = setTimeout(
        () => {
          const left = waitMs();
          timer = undefined;
          if (left > 0) return goOnLater(left);
          flow.resume();
        },
        Math.min(ms, MAX_PAUSE_MS),
      );
    }

    return {
      charge(cost: number): void {
        const nowMs = performance.now();
        bucket.take(cost, nowMs);
        shared?.bucket.take(cost, nowMs);
        const ms = waitMs();
        if (ms === 0 || timer !== undefined) return;
        flow.pause();
        goOnLater(ms);
      },

      giveBack(cost: number): void {
        bucket.giveBack(cost);
        shared?.bucket.giveBack(cost);
      },

      /** The socket is closed. Its client's debt stays until it is paid: a new socket must not be a new budget. */
      end(): void {
        clearTimeout(timer);
        if (client === undefined || shared === undefined) return;
        shared.sockets -= 1;
        const forget = () => {
          if (shared.sockets === 0 && clients.get(client) === shared) clients.delete(client);
        };
        setTimeout(forget, shared.bucket.waitMs(performance.now()) + REFILL_MS).unref();
      },
    };
  };
}
