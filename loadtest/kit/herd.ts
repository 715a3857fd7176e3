import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ticketId } from '../../shared/contract/ids.ts';
import type { OneWish } from '../../shared/contract/reserve.ts';
import { errorCode, type TicketView, ticketView } from '../../shared/contract/tickets.ts';
import { type Follower, followByPolling, followBySession, followBySocket } from './followers.ts';
import { type Answer, hammer, NO_WAIT } from './hammer.ts';

/** Milliseconds without a new outcome after which the missing ones count as lost. */
const PATIENCE_MS = 90_000;

/** Milliseconds between two reports of progress. */
const PROGRESS_MS = 500;

/** The answers and outcomes that a herd got. Times are milliseconds from sending the request. */
export type HerdResult = {
  accepted: number;
  refused: Map<string, number>;
  noAnswer: number;
  outcomes: Map<string, TicketView>;
  /** Accepted tickets without an outcome. */
  missing: string[];
  acceptMs: number[];
  outcomeMs: number[];
  sendSeconds: number;
  settleSeconds: number;
};

export type HerdProgress = { answered: number; accepted: number; settled: number };

/** The users of a herd: those that a new system has. */
const USERS = 10_000;
const userOf = (index: number): number => 1 + (index % USERS);

const refusedBody = z.object({ code: errorCode });

/** Answers and outcomes while a herd runs. */
function createNotes() {
  const sentAt = new Map<string, number>();
  const outcomes = new Map<string, TicketView>();
  const refused = new Map<string, number>();
  const [acceptMs, outcomeMs]: [number[], number[]] = [[], []];
  let answered = 0;
  return {
    sentAt,
    outcomes,
    refused,
    acceptMs,
    outcomeMs,
    progress: (): HerdProgress => ({ answered, accepted: sentAt.size, settled: outcomes.size }),

    addOutcome(view: TicketView): void {
      if (outcomes.has(view.ticketId)) return;
      outcomes.set(view.ticketId, view);
      outcomeMs.push(performance.now() - (sentAt.get(view.ticketId) ?? 0));
    },

    /** Returns the id of the ticket where the request was accepted. */
    addAnswer({ status, body, ms }: Answer): string | undefined {
      answered += 1;
      if (status === 201 || status === 202) {
        const { ticketId: id } = body as { ticketId: string }; // checked when the load is over, as outcomes are
        acceptMs.push(ms);
        sentAt.set(id, performance.now() - ms);
        return id;
      }
      const code = (status === 409 && refusedBody.safeParse(body).data?.code) || `status ${status}`;
      refused.set(code, (refused.get(code) ?? 0) + 1);
      return undefined;
    },
  };
}

/** Waits until every ticket has its outcome, or none comes any more. */
async function untilSettled({ sentAt, outcomes }: ReturnType<typeof createNotes>): Promise<void> {
  let settled = -1;
  let changedAt = performance.now();
  while (outcomes.size < sentAt.size && performance.now() - changedAt < PATIENCE_MS) {
    if (outcomes.size !== settled) {
      settled = outcomes.size;
      changedAt = performance.now();
    }
    await sleep(10);
  }
}

/**
 * Sends a herd of requests, and follows every accepted ticket to its outcome.
 *
 * @param options.wish the seats of the request with this number
 * @param options.eventId the event in which each request holds its seats for a user of its own; by default the compat
 *   route sells those of the default event
 * @param options.perSecond requests that are due in a second; by default as many as are answered
 * @param options.repeats repeats a request, with its Idempotency-Key, that is refused for the moment or gets no answer
 * @param options.by how outcomes are followed: by sessions unless the server has none
 */
export async function runHerd(options: {
  urls: readonly string[];
  wish: (index: number) => OneWish;
  eventId?: number | undefined;
  requests: number;
  connections: number;
  perSecond?: number | undefined;
  repeats?: boolean;
  by?: 'session' | 'subscription' | 'poll';
  onProgress?: (progress: HerdProgress) => void;
}): Promise<HerdResult> {
  const { urls, wish, eventId, requests, connections, perSecond, repeats = false, by = 'session' } = options;
  const { onProgress = () => undefined } = options;
  const bodies = Array.from({ length: requests }, (_, index) =>
    JSON.stringify(eventId === undefined ? wish(index) : { eventId, userId: userOf(index), ...wish(index) }),
  );
  const herd = randomUUID();
  const keyOf = (index: number) => (repeats ? { 'idempotency-key': `${herd}-${index}` } : {});
  const notes = createNotes();
  const { sentAt, outcomes, refused, acceptMs, outcomeMs } = notes;
  const session = by === 'session' ? await followBySession(urls, notes.addOutcome) : undefined;
  const follower: Follower =
    session ??
    (by === 'poll' ? followByPolling(urls, connections, notes.addOutcome) : followBySocket(urls, notes.addOutcome));
  const progress = setInterval(() => onProgress(notes.progress()), PROGRESS_MS);
  try {
    const startedAt = performance.now();
    const secondsSoFar = () => (performance.now() - startedAt) / 1000;
    const { noAnswer } = await hammer({
      urls,
      path: eventId === undefined ? '/reserve' : '/api/bookings',
      requests,
      connections,
      perSecond,
      repeats,
      headersOf: (index) => ({ ...NO_WAIT, ...keyOf(index), ...session?.headersOf(index) }),
      bodyOf: (index) => bodies[index] ?? '',
      async onAnswer(answer, index) {
        const id = notes.addAnswer(answer);
        const isFollowed = (answer.body as { followed?: boolean }).followed === true;
        if (id !== undefined) await follower.follow(id, index, isFollowed);
      },
    });
    const sendSeconds = secondsSoFar();
    await untilSettled(notes);
    const settleSeconds = secondsSoFar();
    z.array(ticketId).parse([...sentAt.keys()]);
    z.array(ticketView).parse([...outcomes.values()]);
    const missing = [...sentAt.keys()].filter((id) => !outcomes.has(id));
    const accepted = sentAt.size;
    return { accepted, refused, noAnswer, outcomes, missing, acceptMs, outcomeMs, sendSeconds, settleSeconds };
  } finally {
    clearInterval(progress);
    onProgress(notes.progress());
    await follower.close();
  }
}

/**
 * Pays for every hold that a herd got, each with an order of its own.
 *
 * @returns what was not sold, one order a line
 */
export async function payForHolds(options: {
  urls: readonly string[];
  outcomes: HerdResult['outcomes'];
  connections: number;
}): Promise<string[]> {
  const { urls, outcomes, connections } = options;
  const holds = [...outcomes.values()].flatMap(({ booking }) => (booking === undefined ? [] : [booking]));
  const unsold: string[] = [];
  const { noAnswer } = await hammer({
    urls,
    path: '/api/orders',
    requests: holds.length,
    connections,
    bodyOf(index) {
      const { id, userId } = holds[index] as (typeof holds)[number];
      return JSON.stringify({ userId, bookingIds: [id], paymentReference: `herd ${id}` });
    },
    onAnswer({ status, body }, index) {
      if (status !== 200) unsold.push(`${holds[index]?.id}: ${status} ${JSON.stringify(body)}`);
    },
  });
  if (noAnswer > 0) unsold.push(`${noAnswer} orders had no answer`);
  return unsold;
}
