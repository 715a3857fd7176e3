import { type Backoff, backoffMs } from './backoff.ts';

/** The longest delay of a browser's timer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

type Action = () => Promise<void>;

/** Schedules one action at a time. A failed action is retried, with longer pauses until one succeeds. */
export function createRetryTimer(backoff: Backoff) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** The action that waits for its retry, and the time before which the server asked not to send it. */
  let failedAction: Action | undefined;
  let retryNotBeforeMs = 0;
  let failures = 0;

  function schedule(delayMs: number, action: Action): void {
    clearTimeout(timer);
    timer = setTimeout(() => void action(), Math.min(MAX_TIMER_MS, delayMs));
  }

  return {
    /** Runs an action after a delay, in place of the one that was scheduled. */
    schedule,
    /** Retries a failed action after a backoff, but not before `leastMs` have passed. */
    retry(action: Action, leastMs = 0): void {
      const delayMs = Math.max(leastMs, backoffMs(failures, backoff));
      failures += 1;
      failedAction = action;
      retryNotBeforeMs = Date.now() + leastMs;
      schedule(delayMs, () => {
        if (failedAction === action) failedAction = undefined; // a success of another action may have cleared it
        return action();
      });
    },
    /** Resets the backoff: the server answered. */
    succeeded(): void {
      failures = 0;
      failedAction = undefined;
    },
    /** Runs a failed action at once, unless the server asked to wait. Returns whether there is one. */
    wake(): boolean {
      const action = failedAction;
      if (action === undefined) return false;
      if (Date.now() < retryNotBeforeMs) return true;
      clearTimeout(timer);
      failedAction = undefined;
      void action();
      return true;
    },
    /** Cancels the scheduled action. */
    cancel(): void {
      clearTimeout(timer);
      failedAction = undefined;
    },
  };
}

export type RetryTimer = ReturnType<typeof createRetryTimer>;
