import { followPage } from './page.ts';

/** The longest delay of a timer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

type WaitOptions = {
  /** Milliseconds before which no page that wakes ends the wait. */
  leastMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** The wait adds a function to these that ends it at once. */
  wakers?: Set<() => void>;
};

/**
 * Resolves after `ms` milliseconds, or earlier in a browser that comes back online or shows the page again. The timer
 * of a hidden page, or of a machine that slept, may be late by minutes.
 *
 * @throws the reason of the signal, once it is aborted
 */
export function wait(ms: number, { leastMs = 0, signal, wakers }: WaitOptions = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const earliestMs = Date.now() + leastMs;
    let timer: ReturnType<typeof setTimeout>;
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      wakers?.delete(finish);
      unfollow();
      settle();
    };
    const endIn = (delayMs: number) => {
      clearTimeout(timer);
      timer = setTimeout(finish, Math.min(MAX_TIMER_MS, delayMs));
    };
    const finish = () => end(resolve);
    // A clock that was set back must not lengthen the wait.
    const wake = () => endIn(Math.min(leastMs, Math.max(0, earliestMs - Date.now())));
    const abort = () => end(() => reject(signal?.reason));
    signal?.addEventListener('abort', abort);
    wakers?.add(finish);
    const unfollow = followPage(wake);
    endIn(Math.max(ms, leastMs));
    if (signal?.aborted) abort();
  });
}

/**
 * Runs an action with a signal that is aborted with `signal`, and after `ms` milliseconds with a fault. It leaves no
 * timer and no listener.
 */
export async function within<Result>(
  ms: number | undefined,
  { signal, fault }: { signal: AbortSignal | undefined; fault: () => unknown },
  action: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  const timer = ms === undefined ? undefined : setTimeout(() => controller.abort(fault()), Math.min(MAX_TIMER_MS, ms));
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  try {
    return await action(controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** Hands the latest item from a listener to a loop. */
export function createInbox<Item>() {
  const wakers = new Set<() => void>();
  let latest: Item | undefined;
  return {
    put(item: Item): void {
      latest = item;
      for (const wake of wakers) wake();
    },
    /** Takes the item, or waits for one for so long. @throws the reason of the signal, once it is aborted */
    async take(ms: number, options: Omit<WaitOptions, 'wakers'> = {}): Promise<Item | undefined> {
      if (latest === undefined) await wait(ms, { ...options, wakers });
      options.signal?.throwIfAborted(); // after an item that came just before
      const item = latest;
      latest = undefined;
      return item;
    },
  };
}
