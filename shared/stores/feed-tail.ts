import { setTimeout as sleep } from 'node:timers/promises';
import type { FeedEnd, FeedStore } from './postgres/feed.ts';

/** Milliseconds between two looks for new changes, while anybody waits for one. */
const LOOK_MS = 200;

/** The end of the feed as a reader has seen it. */
type Seen = Pick<FeedEnd, 'epoch' | 'last'>;

type Waiter = { seen: Seen; settle: (end: FeedEnd) => void; fail: (fault: unknown) => void };

/**
 * Waits for new changes. One statement looks for them on behalf of all who wait in this process, and none where nobody
 * waits.
 */
export function createFeedTail({ feed }: { feed: Pick<FeedStore, 'end'> }) {
  const waiters = new Set<Waiter>();
  let isLooking = false;

  /** Looks for new changes until nobody waits. */
  async function lookWhileAwaited(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    while (waiters.size > 0) {
      await sleep(LOOK_MS);
      if (waiters.size > 0) await look();
    }
    isLooking = false;
  }

  async function look(): Promise<void> {
    try {
      const end = await feed.end();
      for (const { seen, settle } of waiters) if (end.last > seen.last || end.epoch !== seen.epoch) settle(end);
    } catch (fault) {
      for (const { fail } of waiters) fail(fault);
    }
  }

  return {
    /**
     * Waits for a change behind the end that a reader has seen, until the signal aborts or so many milliseconds passed.
     *
     * @returns the end of the feed, or undefined where nothing came
     */
    waitBehind: (seen: Seen, signal: AbortSignal, ms = Number.POSITIVE_INFINITY): Promise<FeedEnd | undefined> =>
      new Promise((resolve, reject) => {
        if (signal.aborted || ms <= 0) return resolve(undefined);
        const leave = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', giveUp);
          waiters.delete(waiter);
        };
        const settle = (end?: FeedEnd) => {
          leave();
          resolve(end);
        };
        const fail = (fault: unknown) => {
          leave();
          reject(fault);
        };
        const giveUp = () => settle();
        const waiter: Waiter = { seen, settle, fail };
        const timer = Number.isFinite(ms) ? setTimeout(giveUp, ms) : undefined;
        signal.addEventListener('abort', giveUp);
        waiters.add(waiter);
        void lookWhileAwaited();
      }),
  };
}

export type FeedTail = ReturnType<typeof createFeedTail>;
