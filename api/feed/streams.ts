import type { ServerResponse } from 'node:http';
import type { Change } from '../../shared/contract/changes.ts';
import { asApiError } from '../http/errors.ts';
import { problemOf } from '../http/replies.ts';
import { streamText } from '../http/text-stream.ts';
import { cursorOf, type FeedPlace, type FollowedPage } from './follow.ts';

export const NDJSON = 'application/x-ndjson';
export const EVENT_STREAM = 'text/event-stream';

/** Seconds between two lines that an event stream sends at least: proxies close a silent connection. */
const HEARTBEAT_SECONDS = 15;

/**
 * Milliseconds after which a browser connects again, at least, and how many more at most: the clients of a process that
 * stops do not all come at once.
 */
const RETRY_MS = 1_000;
const RETRY_SPREAD_MS = 2_000;

/** Streams one change a line, until the feed is followed no further. */
export const streamLines = (res: ServerResponse, pages: AsyncIterable<FollowedPage>): Promise<void> =>
  streamText(res, linesOf(pages), { type: `${NDJSON}; charset=utf-8` });

async function* linesOf(pages: AsyncIterable<FollowedPage>): AsyncGenerator<string, void> {
  yield ''; // the head: the first change may take long
  for await (const { changes } of pages) yield changes.map((change) => `${JSON.stringify(change)}\n`).join('');
}

type EventSource = {
  start: FeedPlace;
  /** Follows the feed from a place until nothing came for so many seconds. */
  follow: (place: FeedPlace, seconds: number) => AsyncIterable<FollowedPage>;
  signal: AbortSignal;
};

/**
 * Streams Server-Sent Events until the signal aborts. A fault is its last event.
 *
 * @throws the fault too, so that it is logged
 */
export async function streamEvents(res: ServerResponse, source: EventSource): Promise<void> {
  try {
    await streamText(res, eventsOf(source), { type: EVENT_STREAM });
  } catch (fault) {
    const problem = JSON.stringify(problemOf(asApiError(fault)));
    if (res.headersSent && !res.destroyed) res.end(`event: error\ndata: ${problem}\n\n`);
    throw fault;
  }
}

/**
 * A block with an `id` alone is no event: a client keeps the id as its place, also where nothing matches for so long
 * that the place of the last event would expire.
 */
async function* eventsOf({ start, follow, signal }: EventSource): AsyncGenerator<string, void> {
  yield `retry: ${RETRY_MS + Math.floor(Math.random() * RETRY_SPREAD_MS)}\nid: ${cursorOf(start)}\n\n`;
  let place = start;
  while (!signal.aborted) {
    for await (const page of follow(place, HEARTBEAT_SECONDS)) {
      place = page.place;
      yield page.changes.map(eventOf).join('');
    }
    yield `: heartbeat\nid: ${cursorOf(place)}\n\n`;
  }
}

const eventOf = (change: Change): string =>
  `id: ${change.cursor}\nevent: ${change.type}\ndata: ${JSON.stringify(change)}\n\n`;
