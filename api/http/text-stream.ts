import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** Milliseconds in which a client has to receive a piece of a stream: a client that stopped reading is cut off. */
const MAX_PIECE_MS = 60_000;

/** The type of pages, which a route answers beside its streams. */
const JSON_TYPE = 'application/json';

type StreamOptions = {
  type: string;
  /** Waits for the client: outside the turn of a read. */
  waitOutside?: (wait: Promise<unknown>) => Promise<void>;
  maxPieceMs?: number;
};

/** The type that an `Accept` header names first, of those that a route streams; undefined for JSON, a page. */
export function streamTypeOf<Type extends string>(types: readonly Type[], accept = ''): Type | undefined {
  const named = types.filter((type) => accept.includes(type));
  const [first] = named.sort((one, other) => accept.indexOf(one) - accept.indexOf(other));
  const isPage = accept.includes(JSON_TYPE) && accept.indexOf(JSON_TYPE) < accept.indexOf(first ?? '');
  return isPage ? undefined : first;
}

/**
 * Streams pieces of text as fast as the client receives them: one piece is in memory at a time. Once the client has
 * gone or is cut off, no more pieces are read, and their reader is ended. No proxy may collect them: the end of a piece
 * may be all that comes for a while.
 *
 * @throws a fault of `pieces`; before the first piece it can still be answered
 */
export async function streamText(
  res: ServerResponse,
  pieces: AsyncIterable<string>,
  { type, waitOutside = async (wait) => void (await wait), maxPieceMs = MAX_PIECE_MS }: StreamOptions,
): Promise<void> {
  const closed = once(res, 'close');
  let cutOff: NodeJS.Timeout | undefined;
  try {
    for await (const piece of pieces) {
      if (res.destroyed) return;
      if (!res.headersSent) {
        res.writeHead(200, { 'content-type': type, 'x-accel-buffering': 'no' });
        res.flushHeaders();
      }
      if (res.req.method === 'HEAD') break;
      if (piece === '' || res.write(piece)) continue;
      cutOff = setTimeout(() => res.destroy(), maxPieceMs);
      await waitOutside(Promise.race([once(res, 'drain'), closed]));
      clearTimeout(cutOff);
      if (res.destroyed) return;
    }
    if (!res.destroyed) res.end();
  } finally {
    clearTimeout(cutOff);
  }
}
