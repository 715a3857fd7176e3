import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ticketId } from '../../shared/contract/ids.ts';
import type { SeatWish } from '../../shared/contract/reserve.ts';
import { errorCode, type TicketView, ticketView } from '../../shared/contract/tickets.ts';
import { followByPolling, followBySocket } from './followers.ts';
import { hammer, NO_WAIT } from './hammer.ts';

/** Seconds without a new outcome after which those that are missing count as lost. */
const PATIENCE_SECONDS = 90;

/** Milliseconds between two reports of how far it is. */
const PROGRESS_MS = 500;

/** What a herd was told, and how fast. Times are milliseconds from sending the request. */
export type HerdResult = {
  accepted: number;
  refused: Map<string, number>;
  noAnswer: number;
  outcomes: Map<string, TicketView>;
  /** Tickets that were accepted and have no outcome. */
  missing: string[];
  acceptMs: number[];
  outcomeMs: number[];
  sendSeconds: number;
  settleSeconds: number;
};

const refusedBody = z.object({ code: errorCode });

/** Sends a herd of mixed requests and follows every accepted ticket to its outcome. */
export async function runHerd(options: {
  urls: readonly string[];
  /** What the next request asks for. */
  wish: () => SeatWish;
  requests: number;
  connections: number;
  /** Requests that are due in a second; without it, as many as are answered. */
  perSecond?: number;
  poll: boolean;
  onProgress: (state: { answered: number; accepted: number; settled: number }) => void;
}): Promise<HerdResult> {
  const { urls, wish, requests, connections, perSecond, poll, onProgress } = options;
  const bodies = Array.from({ length: requests }, () => JSON.stringify(wish()));
  const sentAt = new Map<string, number>();
  const outcomes = new Map<string, TicketView>();
  const refused = new Map<string, number>();
  const acceptMs: number[] = [];
  const outcomeMs: number[] = [];
  let answered = 0;

  const onOutcome = (view: TicketView): void => {
    if (outcomes.has(view.ticketId)) return;
    outcomes.set(view.ticketId, view);
    outcomeMs.push(performance.now() - (sentAt.get(view.ticketId) ?? 0));
  };
  const follower = poll ? followByPolling(urls, connections, onOutcome) : followBySocket(urls, onOutcome);
  const report = () => onProgress({ answered, accepted: sentAt.size, settled: outcomes.size });
  const progress = setInterval(report, PROGRESS_MS);

  try {
    const startedAt = performance.now();
    const { noAnswer } = await hammer({
      urls,
      path: '/reserve',
      requests,
      connections,
      headersOf: () => NO_WAIT,
      ...(perSecond !== undefined && { perSecond }),
      bodyOf: (index) => bodies[index] ?? '',
      async onAnswer({ status, body, ms }) {
        answered += 1;
        if (status !== 201) {
          const code = (status === 409 && refusedBody.safeParse(body).data?.code) || `status ${status}`;
          refused.set(code, (refused.get(code) ?? 0) + 1);
          return;
        }
        const { ticketId: id } = body as { ticketId: string }; // checked when the load is over, as outcomes are
        acceptMs.push(ms);
        sentAt.set(id, performance.now() - ms);
        await follower.follow(id);
      },
    });
    const sendSeconds = (performance.now() - startedAt) / 1000;

    let settled = -1;
    let lastChangeAt = performance.now();
    while (outcomes.size < sentAt.size && performance.now() - lastChangeAt < PATIENCE_SECONDS * 1000) {
      if (outcomes.size !== settled) {
        settled = outcomes.size;
        lastChangeAt = performance.now();
      }
      await sleep(10);
    }
    const settleSeconds = (performance.now() - startedAt) / 1000;
    z.array(ticketId).parse([...sentAt.keys()]);
    z.array(ticketView).parse([...outcomes.values()]);
    const missing = [...sentAt.keys()].filter((id) => !outcomes.has(id));
    const accepted = sentAt.size;
    return { accepted, refused, noAnswer, outcomes, missing, acceptMs, outcomeMs, sendSeconds, settleSeconds };
  } finally {
    clearInterval(progress);
    report();
    await follower.close();
  }
}
