import { setTimeout as sleep } from 'node:timers/promises';
import type { EndpointAnswer } from '../../shared/contract/webhooks.ts';
import type { Limit } from '../../shared/domain/limit.ts';
import { afterFailure, headersOf, verdictOf } from '../../shared/domain/webhooks.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import { type Outbound, openOutbound, post } from '../../shared/platform/outbound.ts';
import type { FeedTail } from '../../shared/stores/feed-tail.ts';
import type { FeedEnd, FeedStore } from '../../shared/stores/postgres/feed.ts';
import type {
  AfterAttempt,
  OwnedWebhook,
  WebhookDeliveries,
  WebhookMessage,
} from '../../shared/stores/postgres/webhook-deliveries.ts';
import { metrics } from '../../shared/telemetry/metrics.ts';
import { type Composed, compose, restore } from './messages.ts';

/** Milliseconds after a fault of PostgreSQL, and between two writes of a place behind which nothing is to be sent. */
const FAULT_MS = 1_000;
const PASS_MS = 10_000;

/** Milliseconds that an attempt under way gets when its worker stops. */
const STOP_MS = 1_000;

export type SenderDeps = {
  webhookDeliveries: WebhookDeliveries;
  feed: Pick<FeedStore, 'end' | 'page'>;
  feedTail: FeedTail;
  /** Turns at PostgreSQL's connections, for all senders of a process together. */
  reads: Limit;
  owner: string;
  toPrivate: boolean;
  /** Milliseconds that an attempt may take. */
  attemptMs: number;
  log: Logger;
};

/** Ends a sender's waiting: it is stopped, or its webhook was changed. */
type Interrupt = {
  isStopping: boolean;
  isStale: boolean;
  waiting: AbortController | undefined;
  cutting: AbortController;
};

/** Sends the changes of one webhook in order, for as long as this worker owns it. */
export function startSender(deps: SenderDeps, id: number) {
  const interrupt: Interrupt = {
    isStopping: false,
    isStale: false,
    waiting: undefined,
    cutting: new AbortController(),
  };
  /** The version that was read last. */
  let version: number | undefined;
  /** A message whose attempt was cut off by the stop. */
  let cut: { message: WebhookMessage; version: number } | undefined;

  async function run(): Promise<void> {
    while (!interrupt.isStopping) {
      try {
        interrupt.isStale = false;
        const webhook = await deps.webhookDeliveries.read(deps.owner, id);
        if (webhook === undefined) return await deps.webhookDeliveries.release(deps.owner, id, undefined);
        version = webhook.version;
        if (webhook.waitMs > 0) await wait(interrupt, (signal) => pause(webhook.waitMs, signal));
        else cut = await deliverAll(deps, webhook, interrupt);
      } catch (fault) {
        deps.log.warn({ webhook: id, err: fault as Error }, 'sending to a webhook failed: trying again');
        await wait(interrupt, (signal) => pause(FAULT_MS, signal));
      }
    }
  }

  const ended = run();
  return {
    /** Resolves once it sends nothing more: it was stopped, or nothing is to be sent. */
    ended,

    /** Reads the webhook anew where it was changed. */
    note(current: number): void {
      if (current === version) return;
      interrupt.isStale = true;
      interrupt.waiting?.abort();
    },

    /** Stops at once where another worker owns it. */
    lose(): void {
      interrupt.isStopping = true;
      interrupt.waiting?.abort();
      interrupt.cutting.abort();
    },

    /** Lets an attempt under way end, for a while, and gives the webhook up. */
    async stop(): Promise<void> {
      interrupt.isStopping = true;
      interrupt.waiting?.abort();
      const timer = setTimeout(() => interrupt.cutting.abort(), STOP_MS);
      await ended;
      clearTimeout(timer);
      await deps.webhookDeliveries.release(deps.owner, id, cut);
    },
  };
}

export type Sender = ReturnType<typeof startSender>;

/** Waits for what a signal ends: the sender is stopped, or its webhook was changed. */
async function wait<Result>(interrupt: Interrupt, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const waiting = new AbortController();
  interrupt.waiting = waiting;
  if (interrupt.isStopping || interrupt.isStale) waiting.abort();
  try {
    return await work(waiting.signal);
  } finally {
    waiting.abort(); // ends a timer that lost a race
    interrupt.waiting = undefined;
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined); // the signal ended it

/**
 * Delivers message after message, until an attempt fails or the webhook has to be read anew.
 *
 * @returns a message whose attempt was cut off
 */
async function deliverAll(deps: SenderDeps, webhook: OwnedWebhook, interrupt: Interrupt) {
  const outbound = openOutbound(webhook.url);
  const course = { deps, webhook, outbound, interrupt };
  try {
    let end = await deps.feed.end();
    let message = await restore(deps, webhook, end);
    let at = webhook.number;
    const passed = createPassing(course);
    for (;;) {
      if (message === undefined) {
        const composed: Composed = await compose(deps, webhook, at, end);
        if (composed.message === undefined) {
          at = composed.next;
          await passed(at);
          if (at < end.last) continue;
          const newEnd = await awaitChanges(course, at, end);
          if (newEnd === undefined) return undefined;
          end = newEnd;
          continue;
        }
        message = composed.message;
        if (!(await deps.webhookDeliveries.begin(deps.owner, webhook, message))) return undefined;
      }
      const delivered = await deliver(course, message, end);
      if (delivered === 'cut') return { message, version: webhook.version };
      if (delivered === 'ended') return undefined;
      at = message.to;
      message = delivered.next;
      webhook.message = undefined;
    }
  } finally {
    outbound.close();
  }
}

type Course = { deps: SenderDeps; webhook: OwnedWebhook; outbound: Outbound; interrupt: Interrupt };

/** Waits for changes behind a number. @returns the new end of the feed; undefined where the wait was interrupted */
function awaitChanges({ deps, interrupt }: Course, at: number, end: FeedEnd): Promise<FeedEnd | undefined> {
  return wait(interrupt, (signal) => deps.feedTail.waitBehind({ ...end, last: at }, signal));
}

/** Stores a place behind which nothing was to be sent, now and then. */
function createPassing({ deps, webhook }: Course) {
  let storedAtMs = performance.now();
  return async (at: number): Promise<void> => {
    const nowMs = performance.now();
    if (at <= webhook.number || nowMs - storedAtMs < PASS_MS) return;
    storedAtMs = nowMs;
    await deps.webhookDeliveries.pass(deps.owner, webhook, at);
  };
}

/**
 * Makes one attempt with a message and writes what became of it. Where it is a delivery and the message was full, the
 * next one is made meanwhile and begun by the same write.
 */
async function deliver(
  course: Course,
  message: WebhookMessage,
  end: FeedEnd,
): Promise<'cut' | 'ended' | { next: WebhookMessage | undefined }> {
  const { deps, webhook, interrupt } = course;
  const { webhookDeliveries, owner } = deps;
  const following = message.to < end.last && webhook.failures === 0 ? composeNext(course, message.to, end) : undefined;
  const answer = await attempt(course, message);
  const next = await following;
  if (answer.status === undefined && interrupt.cutting.signal.aborted) return 'cut';
  const verdict = verdictOf(answer);
  metrics.webhookMessages.inc({ outcome: verdict });
  if (verdict !== 'delivered') {
    await noteFailure(course, message, answer, verdict);
    return 'ended';
  }
  webhook.failures = 0;
  if (interrupt.isStopping || interrupt.isStale || next === undefined) {
    await webhookDeliveries.acknowledge(owner, webhook.id, message, answer);
    return interrupt.isStopping || interrupt.isStale ? 'ended' : { next: undefined };
  }
  if (await webhookDeliveries.beginNext(owner, webhook, next, message.id, answer)) return { next };
  await webhookDeliveries.acknowledge(owner, webhook.id, message, answer);
  return 'ended';
}

/** Makes the message behind a number. A fault is none of the attempt meanwhile: it comes up again where it stays. */
const composeNext = ({ deps, webhook }: Course, at: number, end: FeedEnd): Promise<WebhookMessage | undefined> =>
  compose(deps, webhook, at, end).then(
    ({ message }) => message,
    (fault: Error) => void deps.log.debug({ webhook: webhook.id, err: fault }, 'reading ahead for a webhook failed'),
  );

function attempt({ deps, webhook, outbound, interrupt }: Course, message: WebhookMessage): Promise<EndpointAnswer> {
  return post(webhook.url, {
    body: message.body,
    headers: headersOf(message, webhook.secrets, Date.now()),
    toPrivate: deps.toPrivate,
    timeoutMs: deps.attemptMs,
    signal: interrupt.cutting.signal,
    outbound,
  });
}

async function noteFailure(
  { deps, webhook }: Course,
  message: WebhookMessage,
  answer: EndpointAnswer,
  verdict: 'gone' | 'failed',
): Promise<void> {
  const next = verdict === 'gone' ? ({ status: 'DISABLED' } as const) : nextAttempt(webhook);
  await deps.webhookDeliveries.fail(deps.owner, webhook, message, answer, next);
  const fields = { webhook: webhook.id, status: answer.status, fault: answer.fault, failures: webhook.failures + 1 };
  if ('waitMs' in next) deps.log.warn({ ...fields, waitMs: next.waitMs }, 'a webhook message was not taken');
  else deps.log.error({ ...fields, becomes: next.status }, 'a webhook gets no more messages');
}

function nextAttempt({ failures, failingMs }: OwnedWebhook): AfterAttempt {
  const next = afterFailure(failures + 1, failingMs);
  return next === 'stop' ? { status: 'STOPPED' } : { waitMs: next };
}
