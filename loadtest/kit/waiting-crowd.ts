import { setTimeout as sleep } from 'node:timers/promises';
import { fetchLine } from '../../client/src/line.ts';
import { createTransport } from '../../client/src/transport.ts';
import type { LineView } from '../../shared/contract/line.ts';
import type { VisitorView } from '../../shared/contract/waiting-room.ts';
import { createOrder, type DrawnOrder } from '../../shared/domain/drawn-order.ts';
import { hasLine } from '../../shared/domain/line-standing.ts';
import { type Place, viewByLine } from '../../shared/domain/visitor-view.ts';
import { oneByOne } from './one-by-one.ts';
import { createWheel } from './wheel.ts';

/** Milliseconds between two ticks. Visitors who read the line in the same tick share one request. */
const TICK_MS = 1_000;

/** Requests to join that are under way at once. */
const JOINING = 32;

/** Facts that the crowd saw, for the verdict. Times are milliseconds since 1970. */
export function createCrowdNotes() {
  return {
    /** Times that visitors read the line, and requests for it. */
    reads: 0,
    lineRequests: 0,
    /** Statuses of the cache that answered. */
    fromCache: new Map<string, number>(),
    oldestSeconds: 0,
    /** Ticks in which no line could be read, so that all polled. */
    unreadable: [] as string[],
    /** Milliseconds by which the latest tick was late. */
    latestTickMs: 0,
    /** The lines that were read: their time, and the last position that was called. */
    lines: [] as { asOfMs: number; serving: number }[],
    /** When each position was called, by the end of its admission, and when it was admitted. */
    calledAt: new Map<number, number>(),
    admittedAt: new Map<number, number>(),
    /** Milliseconds from the call of a position to the admission: of visitors who read the line, and who polled. */
    lateMs: { line: [] as number[], poll: [] as number[] },
    misplaced: [] as string[],
    lostTurns: [] as string[],
    faults: [] as string[],
  };
}

export type CrowdNotes = ReturnType<typeof createCrowdNotes>;

/** A line that was read, its age, and the status of the cache. */
type ReadLine = { line: LineView; ageSeconds: number; cache: string };

/** Requests the line of an event as the client package does. */
export function lineReaderAt(url: string, eventId: number): () => Promise<ReadLine> {
  const { attempt } = createTransport({ baseUrl: url });
  return async () => {
    let cache = '';
    const noting: typeof attempt = async (...request) => {
      const answer = await attempt<never>(...request);
      cache = answer.headers.get('x-cache-status') ?? 'none';
      return answer;
    };
    return { ...(await fetchLine({ attempt: noting }, eventId)), cache };
  };
}

/** A visitor whose turn has come. */
export type Called = {
  visitor: number;
  token: string;
  position: number;
  admission: NonNullable<VisitorView['admission']>;
};

type Parts = {
  size: number;
  /** How many visitors poll all the time. They are spread over the crowd. */
  polling: number;
  /** Requests of visitors. They throw an Error where the answer is none that a visitor expects. */
  desk: {
    join: () => Promise<{ visitorToken: string; askAgainSeconds: number }>;
    poll: (token: string) => Promise<VisitorView>;
  };
  /** Uses an admission. */
  onTurn: (called: Called) => Promise<void>;
  /** Whether a visitor never asks again. */
  isGone?: (visitor: number) => boolean;
  /** Requests the line once. @throws an error where there is none that may be read */
  readLine: () => Promise<ReadLine>;
  /** Seconds from the call of a visitor to the end of an admission. */
  admittedSeconds: number;
  notes: CrowdNotes;
};

/** Reads the line once in each tick. `order`: the order of the draw, once it is known. */
function createLineOfTick(readLine: Parts['readLine'], notes: CrowdNotes) {
  let order: DrawnOrder | undefined;
  return {
    order: (): DrawnOrder | undefined => order,

    /** The line of this tick; undefined where none can be read. */
    async read(): Promise<ReadLine | undefined> {
      notes.lineRequests += 1;
      try {
        const read = await readLine();
        notes.fromCache.set(read.cache, (notes.fromCache.get(read.cache) ?? 0) + 1);
        notes.oldestSeconds = Math.max(notes.oldestSeconds, read.ageSeconds);
        if (!hasLine(read.line)) return read;
        notes.lines.push({ asOfMs: Date.parse(read.line.asOf), serving: read.line.serving });
        if (read.line.draw !== undefined) order ??= createOrder(read.line.draw);
        return read;
      } catch (fault) {
        notes.unreadable.push((fault as Error).message);
        return undefined;
      }
    },
  };
}

/** Work that is under way, whose faults are noted. */
function createPending(notes: CrowdNotes) {
  const pending = new Set<Promise<void>>();
  return {
    run(work: Promise<void>): void {
      const noted = work
        .catch((fault: Error) => void notes.faults.push(fault.message))
        .finally(() => pending.delete(noted));
      pending.add(noted);
    },
    done: () => Promise.all(pending),
  };
}

/** The place that a visitor token is of. */
function placeOf(token = ''): Place {
  const [, , generation, arrival] = token.split('.');
  return { generation: Number(generation), arrival: Number(arrival), hasUser: false };
}

/**
 * A crowd in line. A visitor is a number, and has a token and a time at which to ask next. Joins and polls are
 * requests; a line that was requested once in a tick is read by all who ask in that tick, each with the arrival number
 * of the own token.
 */
export function createWaitingCrowd(parts: Parts) {
  const { size, polling, desk, onTurn, isGone = () => false, readLine, admittedSeconds, notes } = parts;
  const tokens: string[] = [];
  /** Requests of each visitor: joining and polls. */
  const requests = new Uint16Array(size);
  const wheel = createWheel();
  const { run, done } = createPending(notes);
  const every = polling === 0 ? Number.POSITIVE_INFINITY : Math.floor(size / polling);
  const isPolling = (visitor: number): boolean => visitor % every === 0;
  const line = createLineOfTick(readLine, notes);

  /** The position of a visitor by the draw, once it is known. */
  const positionOf = (visitor: number): number | undefined => line.order()?.(placeOf(tokens[visitor]).arrival);

  /** Notes an admission and how late it came, and uses it. */
  async function admit(visitor: number, { admission, position = 0 }: VisitorView): Promise<void> {
    if (admission === undefined) throw new Error('a turn without an admission');
    const calledMs = Date.parse(admission.expiresAt) - 1000 * admittedSeconds;
    notes.lateMs[isPolling(visitor) ? 'poll' : 'line'].push(Date.now() - calledMs);
    const expected = positionOf(visitor);
    if (expected !== position || notes.admittedAt.has(position))
      notes.misplaced.push(`visitor ${visitor} has position ${position}, and not ${expected}`);
    notes.calledAt.set(position, calledMs);
    notes.admittedAt.set(position, Date.now());
    await onTurn({ visitor, token: tokens[visitor] ?? '', position, admission });
  }

  async function poll(visitor: number): Promise<void> {
    requests[visitor] = (requests[visitor] ?? 0) + 1;
    const view = await desk.poll(tokens[visitor] ?? '');
    if (view.status === 'your_turn') return admit(visitor, view);
    if (view.status === 'turn_passed') notes.lostTurns.push(`visitor ${visitor} at ${view.position}`);
    else wheel.put(visitor, view.askAgainSeconds);
  }

  async function join(visitor: number): Promise<void> {
    requests[visitor] = 1;
    const { visitorToken, askAgainSeconds } = await desk.join();
    tokens[visitor] = visitorToken;
    wheel.put(visitor, askAgainSeconds);
  }

  async function tick(): Promise<void> {
    const due = wheel.next().filter((visitor) => !isGone(visitor));
    const reading = due.filter((visitor) => !isPolling(visitor));
    for (const visitor of due) if (isPolling(visitor)) run(poll(visitor));
    if (reading.length === 0) return;
    const read = await line.read();
    notes.reads += reading.length;
    for (const visitor of reading) {
      const view = read && viewByLine(read.line, placeOf(tokens[visitor]), read.ageSeconds, line.order());
      if (view === undefined) run(poll(visitor));
      else wheel.put(visitor, view.askAgainSeconds);
    }
  }

  return {
    /** The visitor token of each visitor who has joined. */
    tokens,
    requests,
    isPolling,
    positionOf,

    /** Joins, one visitor after the other at each connection. */
    joinAll: () =>
      oneByOne(size, JOINING, (visitor) =>
        join(visitor).catch((fault: Error) => void notes.faults.push(fault.message)),
      ),

    /** Lets visitors ask when it is their time, until the signal is aborted and the last request is answered. */
    async ask(signal: AbortSignal): Promise<void> {
      for (let dueMs = performance.now() + TICK_MS; !signal.aborted; dueMs += TICK_MS) {
        await sleep(Math.max(0, dueMs - performance.now()));
        notes.latestTickMs = Math.max(notes.latestTickMs, performance.now() - dueMs);
        await tick();
      }
      await done();
    },
  };
}

export type WaitingCrowd = ReturnType<typeof createWaitingCrowd>;
