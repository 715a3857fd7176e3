import { setTimeout as sleep } from 'node:timers/promises';
import type { FeedEnd, FeedStore } from './postgres/feed.ts';

/** Milliseconds between two looks for new changes, while anybody waits for one. */
const LOOK_MS = 200;

/**
 * Waits for new changes. One statement looks for them on behalf of all who wait in this process, and none where nobody
 * waits.
 */
export function createFeedTail({ feed }: { feed: Pick<FeedStore, 'end'> }) {
  let next: Promise<FeedEnd> | undefined;

  /** The end of the feed at the next look. */
  function nextEnd(): Promise<FeedEnd> {
    next ??= sleep(LOOK_MS).then(() => {
      next = undefined;
      return feed.end();
    });
    return next;
  }

  return {
    /**
     * Waits for a change behind a number, until the signal aborts.
     *
     * @returns the end of the feed, or undefined where nothing came
     */
    async waitBehind({ epoch, last }: FeedEnd, signal: AbortSignal): Promise<FeedEnd | undefined> {
      const aborted = new Promise<undefined>((resolve) => {
        if (signal.aborted) resolve(undefined);
        signal.addEventListener('abort', () => resolve(undefined), { once: true });
      });
      for (;;) {
        const end = await Promise.race([nextEnd(), aborted]);
        if (end === undefined || end.last > last || end.epoch !== epoch) return end;
      }
    },
  };
}

export type FeedTail = ReturnType<typeof createFeedTail>;
