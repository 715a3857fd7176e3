import { createTokenBucket, type TokenBucket } from '../../shared/domain/token-bucket.ts';

/** Messages of one socket, and of all sockets of one client. A herd's client sends some thousands in a second. */
const OF_SOCKET = { perSecond: 5_000, burst: 10_000 };
const OF_CLIENT = { perSecond: 10_000, burst: 20_000 };

/** Bytes of a message that cost as much as another message. */
const BYTES_OF_CHARGE = 256;

/** The charge, in messages, for a message that reads from a server. It is refunded where the read finds something. */
export const READ_COST = 50;

/** The charge, in messages, for a message that is refused: the report costs as much as a read. */
export const REFUSAL_COST = 50;

/** Milliseconds between two checks whether a paused socket may be read again. A refund may have ended its debt. */
const MAX_PAUSE_MS = 250;

/** Milliseconds in which an empty bucket is full again. */
const REFILL_MS = 2_000;

/** Pauses and resumes reading a socket. */
type Flow = { pause(): void; resume(): void };

/** The buckets of one client's sockets. */
type ClientBudget = { bucket: TokenBucket; sockets: number };

/** The charge for a message of so many bytes. */
export const costOfMessage = (bytes: number): number => 1 + Math.floor(bytes / BYTES_OF_CHARGE);

/**
 * Budgets for the messages of clients. A socket that exceeds its own budget, or the one that all sockets of its client
 * share, is not read for a while. Its messages stay in the network's buffers: none is lost, and no other client waits.
 */
export function createSocketBudgets({ ofSocket = OF_SOCKET, ofClient = OF_CLIENT } = {}) {
  const clients = new Map<string, ClientBudget>();

  function clientBudgetOf(client: string): ClientBudget {
    const budget = clients.get(client) ?? { bucket: createTokenBucket(ofClient), sockets: 0 };
    clients.set(client, budget);
    return budget;
  }

  /** The debt of a client stays until it is paid: a new socket must not bring a new budget. */
  function forgetLater(client: string, budget: ClientBudget): void {
    const forget = () => {
      if (budget.sockets === 0 && clients.get(client) === budget) clients.delete(client);
    };
    setTimeout(forget, budget.bucket.waitMs(performance.now()) + REFILL_MS).unref();
  }

  /** @param client the client that owns the socket; undefined where clients are not limited */
  return function openBudget(client: string | undefined, flow: Flow) {
    const own = createTokenBucket(ofSocket);
    const shared = client === undefined ? undefined : clientBudgetOf(client);
    if (shared !== undefined) shared.sockets += 1;
    let resumeTimer: NodeJS.Timeout | undefined;

    const debtMs = (nowMs: number) => Math.max(own.waitMs(nowMs), shared?.bucket.waitMs(nowMs) ?? 0);

    function resumeAfter(ms: number): void {
      resumeTimer = setTimeout(resumeOrWait, Math.min(ms, MAX_PAUSE_MS));
    }

    function resumeOrWait(): void {
      const remainingMs = debtMs(performance.now());
      resumeTimer = undefined;
      if (remainingMs > 0) resumeAfter(remainingMs);
      else flow.resume();
    }

    return {
      charge(cost: number): void {
        const nowMs = performance.now();
        own.take(cost, nowMs);
        shared?.bucket.take(cost, nowMs);
        const ms = debtMs(nowMs);
        if (ms === 0 || resumeTimer !== undefined) return;
        flow.pause();
        resumeAfter(ms);
      },

      refund(cost: number): void {
        own.giveBack(cost);
        shared?.bucket.giveBack(cost);
      },

      /** Releases what it holds for a closed socket. */
      end(): void {
        clearTimeout(resumeTimer);
        if (client === undefined || shared === undefined) return;
        shared.sockets -= 1;
        forgetLater(client, shared);
      },
    };
  };
}

export type SocketBudget = ReturnType<ReturnType<typeof createSocketBudgets>>;
