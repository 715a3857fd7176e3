import type { Change, ChangeType } from '../contract.ts';
import type { FollowOptions } from '../tickets.ts';
import type { Transport } from '../transport.ts';
import { wait } from '../wait.ts';
import { withQuery } from './lists.ts';

/** Seconds that a read waits for the first change, and milliseconds after which its answer counts as lost. */
const WAIT_SECONDS = 30;
const TIMEOUT_MS = 45_000;

/** Milliseconds that a read without changes takes at least: a server that stops answers at once. */
const SHORTEST_READ_MS = 1_000;

export type FeedOptions = FollowOptions & {
  /** The stored `next`: reading goes on behind it. `now`: from the end. Without it, all changes of the last 30 days. */
  after?: string | undefined;
  types?: readonly ChangeType[] | undefined;
  eventId?: number | undefined;
};

/** Changes in the order of commits, perhaps none, and the cursor behind them. */
export type FeedPage = { changes: Change[]; next: string };

/** Every change of a booking, an order, an event, blocked seats or a waiting room. Needs the scope `read`. */
export const createFeed = (transport: Pick<Transport, 'request'>) => ({
  /**
   * The changes behind a cursor, and then those that come, for ever: break the loop, or abort the signal. Store `next`
   * with what the page's changes did, best in one transaction: a reader that goes on from there misses and repeats
   * nothing. A page without changes has a `next` that is further on, where none matched; with `after: 'now'` the first
   * page is one, at once.
   *
   * @throws FrontrowError CURSOR_EXPIRED: changes may be missing. Begin again with `now`, take its first `next`, read
   * what you need anew, and go on. The reason of the signal once it is aborted
   */
  async *pages({ after, types, eventId, ...following }: FeedOptions = {}): AsyncGenerator<FeedPage, void, void> {
    const filter = { types: types?.join(','), eventId };
    for (let cursor = after; ; ) {
      const sentAtMs = Date.now();
      // `now` is another place when the read is repeated. So it gets a cursor first.
      const seconds = cursor === 'now' ? 0 : WAIT_SECONDS;
      const path = withQuery('/api/feed', { ...filter, after: cursor, wait: seconds });
      const { body } = await transport.request<FeedPage>('GET', path, { ...following, timeoutMs: TIMEOUT_MS });
      const isNews = body.changes.length > 0 || body.next !== cursor;
      cursor = body.next;
      if (isNews) yield body;
      else await wait(Math.max(0, sentAtMs + SHORTEST_READ_MS - Date.now()), { signal: following.signal });
    }
  },
});
