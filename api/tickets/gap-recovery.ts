import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../shared/platform/logger.ts';

/** Milliseconds before a failed step is retried. */
const RETRY_MS = 500;

/** Tickets that are read at once. */
const MAX_READ = 500;

/**
 * Recovers outcomes that were missed while the connection of the subscription was down. It is always in one of these
 * states:
 *
 * - LIVE: no outcome was missed. This is the initial state.
 * - RESUBSCRIBING: the connection was replaced, and outcomes may have been missed. Redis confirms the subscription
 *   before anything is read, so that an outcome that is published after the read arrives.
 * - REREADING: the tickets that were followed when Redis confirmed are read in groups. A read delivers the outcome.
 *
 * A gap leads from each state to RESUBSCRIBING, the confirmation to REREADING, and the last read to LIVE. A step that
 * fails is retried; of a group, the tickets that failed come after all others, which may be in another shard. A step
 * that a further gap overtakes does not change the state.
 */
type State = { name: 'LIVE' } | { name: 'RESUBSCRIBING' } | { name: 'REREADING'; unreadTicketIds: readonly string[] };

const LIVE: State = { name: 'LIVE' };

const rereading = (unreadTicketIds: readonly string[]): State =>
  unreadTicketIds.length === 0 ? LIVE : { name: 'REREADING', unreadTicketIds };

type GapRecoveryDeps = {
  /** Resolves once the servers that answer have confirmed the subscription. */
  subscribe: () => Promise<unknown>;
  followedTicketIds: () => string[];
  /** Reads a ticket and delivers its outcome, if it has one. */
  reread: (ticketId: string) => Promise<void>;
  /** Aborted when the node stops: then nothing is read again. */
  stopping: AbortSignal;
  log: Pick<Logger, 'warn'>;
};

export function createGapRecovery(deps: GapRecoveryDeps, retryMs = RETRY_MS) {
  let state = LIVE;

  async function recover(): Promise<void> {
    while (state.name !== 'LIVE' && !deps.stopping.aborted) {
      const current: State = state;
      const { next, fault } = await nextState(deps, current).catch((reason: unknown) => ({
        next: current,
        fault: reason,
      }));
      if (state === current) state = next;
      if (fault === undefined) continue;
      deps.log.warn({ state: current.name, fault: (fault as Error).message }, 'rereading tickets failed: retrying');
      await sleep(retryMs);
    }
  }

  return {
    state: (): State['name'] => state.name,

    /** Starts the recovery, or starts it anew. */
    noteGap(): void {
      const isIdle = state.name === 'LIVE';
      state = { name: 'RESUBSCRIBING' };
      if (isIdle) void recover();
    },
  };
}

/** The state after a step. `fault`: the step, or a part of it, failed. */
async function nextState(deps: GapRecoveryDeps, state: State): Promise<{ next: State; fault?: unknown }> {
  if (state.name === 'RESUBSCRIBING') {
    await deps.subscribe();
    return { next: rereading(deps.followedTicketIds()) };
  }
  if (state.name === 'LIVE') return { next: LIVE };
  const group = state.unreadTicketIds.slice(0, MAX_READ);
  const results = await Promise.allSettled(group.map(deps.reread));
  const failed = group.filter((_ticketId, i) => results[i]?.status === 'rejected');
  const next = rereading([...state.unreadTicketIds.slice(MAX_READ), ...failed]);
  const fault = results.find((result): result is PromiseRejectedResult => result.status === 'rejected')?.reason;
  return { next, fault };
}
