import { followPage } from './page.ts';

/** The longest delay of a timer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

type WaitOptions = {
  /** Milliseconds before which nothing but the signal ends the wait. */
  leastMs?: number;
  signal?: AbortSignal | undefined;
  /** The wait adds a function to these that ends it. */
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
      wakers?.delete(wake);
      unfollow();
      settle();
    };
    const endIn = (delayMs: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => end(resolve), Math.min(MAX_TIMER_MS, delayMs));
    };
    const wake = () => endIn(Math.max(0, earliestMs - Date.now()));
    const abort = () => end(() => reject(signal?.reason));
    signal?.addEventListener('abort', abort);
    wakers?.add(wake);
    const unfollow = followPage(wake);
    endIn(Math.max(ms, leastMs));
    if (signal?.aborted) abort();
  });
}

/** A signal that is aborted with the first of these. Browsers of before 2024 have no `AbortSignal.any`. */
export function anySignal(...all: (AbortSignal | undefined)[]): AbortSignal {
  const signals = all.filter((signal) => signal !== undefined);
  if ('any' in AbortSignal) return AbortSignal.any(signals);
  const controller = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    signal.addEventListener('abort', () => controller.abort(signal.reason));
  }
  return controller.signal;
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
    async take(ms: number, signal?: AbortSignal): Promise<Item | undefined> {
      if (latest === undefined) await wait(ms, { signal, wakers });
      const item = latest;
      latest = undefined;
      return item;
    },
  };
}
