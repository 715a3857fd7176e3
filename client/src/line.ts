import type { LineView, VisitorView } from './contract.ts';
import { createOrder, type DrawnOrder, hasLine, mayRead, type Place, viewByLine } from './domain.ts';
import { FrontrowError } from './error.ts';
import type { Transport } from './transport.ts';

/** Milliseconds after which a request for the line counts as lost: the poll instead must come within the turn. */
const TIMEOUT_MS = 5_000;

/** Milliseconds for which a visitor polls where the server has no line that may be read. */
const POLLING_MS = 60_000;

/** Seconds by which `Date` may lie before `asOf`: clocks of servers differ. Beyond that the age is unknown. */
const CLOCKS_DIFFER_SECONDS = 3;

/** Seconds that an age may lack: `Date` and `Age` have whole seconds. */
const ROUNDED_SECONDS = 2;

type WaitingLine = Extract<LineView, { serving: number }>;

/** The place that a visitor token is of; undefined where it is no such token. */
function placeOf(token: string): Place | undefined {
  const [kind, , generation, arrival, user] = token.split('.');
  const place = { generation: Number(generation), arrival: Number(arrival), hasUser: Number(user) > 0 };
  return kind === 'v' && place.generation > 0 && place.arrival > 0 ? place : undefined;
}

/**
 * The age of a line, in seconds, at most. It follows from the clocks of the servers and the time that the request took,
 * never from this machine's clock. A cache adds `Age`, or writes a `Date` of its own.
 *
 * @throws RangeError where the answer has no age
 */
function ageOf({ asOf }: LineView, headers: Pick<Headers, 'get'>, requestSeconds: number): number {
  const shownSeconds = (Date.parse(headers.get('date') ?? '') - Date.parse(asOf)) / 1000;
  const ageSeconds = shownSeconds + Number(headers.get('age') ?? 0);
  if (!(ageSeconds >= -CLOCKS_DIFFER_SECONDS)) throw new RangeError('the age of the line is unknown');
  return Math.max(0, ageSeconds) + ROUNDED_SECONDS + requestSeconds;
}

/** Whether an answer is the line of an event: something in between may have answered, or another version. */
const isLine = (line: LineView, eventId: number): boolean =>
  line.eventId === eventId &&
  (hasLine(line)
    ? [line.generation, line.joined, line.serving, line.turnSeconds].every(Number.isFinite)
    : line.status === 'open' || line.status === 'ended');

/**
 * Requests the line of an event once. Returns it with its age.
 *
 * @throws an error where the answer is no line that a visitor may read; the reason of the signal once it is aborted
 */
export async function fetchLine(
  transport: Pick<Transport, 'attempt'>,
  eventId: number,
  signal?: AbortSignal | undefined,
): Promise<{ line: LineView; ageSeconds: number }> {
  const sentAtMs = performance.now();
  // Without a token, which would keep caches out. Not from the browser's own cache, which keeps the age to itself.
  const options = { token: null, cache: 'no-cache', timeoutMs: TIMEOUT_MS, signal } as const;
  const { body: line, headers } = await transport.attempt<LineView>('GET', `/api/events/${eventId}/line`, options);
  if (!isLine(line, eventId)) throw new TypeError('this is no line');
  const ageSeconds = ageOf(line, headers, (performance.now() - sentAtMs) / 1000);
  if (!mayRead(line, ageSeconds)) throw new RangeError('the line is too old, or a turn too short');
  return { line, ageSeconds };
}

/**
 * Reads the line of an event, which is the same for everybody and may come from a cache: the place of a visitor is
 * computed from it. The crowd of a sale then costs the server next to nothing.
 */
export function createLineReader({ transport, eventId }: { transport: Pick<Transport, 'attempt'>; eventId: number }) {
  let pollUntilMs = 0;
  let latest: WaitingLine | undefined;
  let drawn: { seed: string; order: DrawnOrder } | undefined;

  /**
   * The line with the highest numbers that were read, which never go back: of two answers, the older one may come last.
   * Undefined where it is one of before the draw, and the draw is known.
   */
  function newest(line: WaitingLine): WaitingLine | undefined {
    if (latest?.generation === line.generation) {
      if (latest.draw !== undefined && line.draw === undefined) return undefined;
      const [joined, serving] = [Math.max(line.joined, latest.joined), Math.max(line.serving, latest.serving)];
      latest = { ...line, joined, serving };
    } else latest = line;
    return latest;
  }

  /** The drawn order. It is kept: for a million people it takes some milliseconds. */
  function orderOf(line: WaitingLine): DrawnOrder | undefined {
    if (line.draw === undefined) return undefined;
    if (drawn?.seed !== line.draw.seed) drawn = { seed: line.draw.seed, order: createOrder(line.draw) };
    return drawn.order;
  }

  return {
    /**
     * The view of a visitor, by the line; undefined where the visitor must poll: the turn has come, the place may have
     * ended, or there is no line that a visitor may read.
     *
     * @throws the reason of the signal, once it is aborted
     */
    async read(token: string, signal: AbortSignal | undefined): Promise<VisitorView | undefined> {
      const place = placeOf(token);
      if (place === undefined || performance.now() < pollUntilMs) return undefined;
      try {
        const { line, ageSeconds } = await fetchLine(transport, eventId, signal);
        if (!hasLine(line)) return viewByLine(line, place, ageSeconds);
        const known = newest(line);
        return known && viewByLine(known, place, ageSeconds, orderOf(known));
      } catch (fault) {
        signal?.throwIfAborted();
        // After a hiccup of a cache no crowd may poll for long.
        const isTemporary = fault instanceof FrontrowError && fault.isTemporary;
        pollUntilMs = performance.now() + (isTemporary ? fault.retryAfterMs : POLLING_MS);
        return undefined;
      }
    },
  };
}

export type LineReader = ReturnType<typeof createLineReader>;
