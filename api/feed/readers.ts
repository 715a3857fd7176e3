import type { ServerResponse } from 'node:http';
import type { Request } from 'express';
import type { KeyRing } from '../auth/key-ring.ts';
import { ApiError } from '../http/errors.ts';
import { keyOf, limitedAs } from '../http/request-keys.ts';
import { createCounts } from '../limits/connection-shares.ts';

/** Reads of the feed that are open in one process: with the page that each may have in memory, about 250 MB. */
const MAX_READERS = 500;

/** Of these, one client's, where limits are on. */
const MAX_READERS_OF_CLIENT = 30;

/** Bounds that a test may lower. */
const READER_BOUNDS = { all: MAX_READERS, ofClient: MAX_READERS_OF_CLIENT };

/** Seconds after which a client that was refused may try again. */
const RETRY_SECONDS = 5;

/** Milliseconds between two checks whether the key of an open read is still valid. */
const KEY_CHECK_MS = 1_000;

/** A read of the feed: a page, a long poll or a stream. */
export type FeedReader = {
  /** Aborts once it has nothing to wait for: its client has gone, its key has ended, or this process stops. */
  signal: AbortSignal;
  /** @throws ApiError UNAUTHENTICATED where the key of the read is not valid any more */
  requireKey: () => void;
};

/** Bounds the reads of the feed that are open, for they may stay open for long, and ends their waits. */
export function createFeedReaders(deps: {
  /** Whether clients are limited. */
  isLimited: boolean;
  keyRing: Pick<KeyRing, 'isValid'>;
  bounds?: typeof READER_BOUNDS;
}) {
  const { isLimited, keyRing, bounds = READER_BOUNDS } = deps;
  const counts = createCounts();
  const waiting = new Set<AbortController>();
  let isStopping = false;

  /** @throws ApiError RATE_LIMITED, OVERLOADED */
  function requireRoom(client: string, res: ServerResponse): void {
    const isClientAtBound = isLimited && counts.of(client) >= bounds.ofClient;
    if (!isClientAtBound && counts.all() < bounds.all) return;
    res.setHeader('retry-after', RETRY_SECONDS);
    const [code, whose] = isClientAtBound
      ? (['RATE_LIMITED', 'of this client '] as const)
      : (['OVERLOADED', ''] as const);
    throw new ApiError(code, `Too many reads of the feed ${whose}are open. Close some, or try again later.`);
  }

  return {
    /**
     * Runs a read of the feed within the bounds.
     *
     * @throws ApiError RATE_LIMITED, OVERLOADED, and what `read` throws
     */
    async run(req: Request, res: ServerResponse, read: (reader: FeedReader) => Promise<void>): Promise<void> {
      const client = limitedAs(req);
      requireRoom(client, res);
      const remove = counts.add(client);
      const ending = new AbortController();
      const end = () => ending.abort();
      waiting.add(ending);
      if (isStopping) end();
      res.once('close', end);
      const key = keyOf(req);
      const isValid = () => key === undefined || keyRing.isValid(key.id);
      const checking = setInterval(() => isValid() || end(), KEY_CHECK_MS);
      const requireKey = () => {
        if (!isValid()) throw new ApiError('UNAUTHENTICATED', 'The key was revoked or has expired.');
      };
      try {
        await read({ signal: ending.signal, requireKey });
      } finally {
        clearInterval(checking);
        waiting.delete(ending);
        remove();
      }
    },

    /** Ends each wait now: its read is answered with what it has. */
    stopWaiting(): void {
      isStopping = true;
      for (const ending of waiting) ending.abort();
    },
  };
}

export type FeedReaders = ReturnType<typeof createFeedReaders>;
