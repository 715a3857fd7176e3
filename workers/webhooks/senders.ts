import { randomUUID } from 'node:crypto';
import { createLimit } from '../../shared/domain/limit.ts';
import { ATTEMPT_MS } from '../../shared/domain/webhooks.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Loops } from '../../shared/platform/loops.ts';
import { createFeedTail } from '../../shared/stores/feed-tail.ts';
import type { FeedStore } from '../../shared/stores/postgres/feed.ts';
import type { WebhookDeliveries } from '../../shared/stores/postgres/webhook-deliveries.ts';
import { type Sender, startSender } from './sender.ts';

/** Webhooks that a worker takes in one turn: another worker gets the next turn, and the next ones. */
const TAKEN_AT_ONCE = 10;

/** Milliseconds between two renewals of the leases. They last much longer. */
const RENEW_MS = 2_000;

/** Pages of the feed that the senders of a process read at once: PostgreSQL's connections are few. */
const READS_AT_ONCE = 4;

type SendersDeps = {
  webhookDeliveries: WebhookDeliveries;
  feed: FeedStore;
  toPrivate: boolean;
  loops: Loops;
  log: Logger;
  attemptMs?: number;
};

/**
 * Sends the feed to webhooks. Each is owned by one worker at a time, and has a loop of its own, which holds no
 * connection to PostgreSQL while it waits or sends: a slow or dead endpoint delays no other one.
 */
export function createWebhookSenders(deps: SendersDeps) {
  const { webhookDeliveries, feed, loops, log, attemptMs = ATTEMPT_MS } = deps;
  const owner = randomUUID();
  const senders = new Map<number, Sender>();
  const feedTail = createFeedTail({ feed });
  const senderDeps = { ...deps, feedTail, reads: createLimit(READS_AT_ONCE), owner, attemptMs };
  let isStopping = false;

  function start(id: number): void {
    const sender = startSender(senderDeps, id);
    senders.set(id, sender);
    void sender.ended.then(() => {
      if (senders.get(id) === sender) senders.delete(id);
    });
  }

  async function renew(): Promise<void> {
    if (senders.size === 0) return;
    const owned = new Map(
      (await webhookDeliveries.renew(owner, [...senders.keys()])).map(({ id, version }) => [id, version]),
    );
    for (const [id, sender] of senders) {
      const version = owned.get(id);
      if (version === undefined) sender.lose();
      else sender.note(version);
    }
  }

  const stopRenewing = loops.repeat(
    'leases of webhooks',
    RENEW_MS,
    renew,
    (fault) => log.warn({ fault: fault.message }, 'renewing the leases of webhooks failed'),
    { isVital: false },
  );

  return {
    isDue: () => webhookDeliveries.areUnowned(),

    /** Takes webhooks that nobody owns, and begins to send to them. */
    async run(): Promise<void> {
      if (isStopping) return;
      for (const { id } of await webhookDeliveries.take(owner, TAKEN_AT_ONCE)) {
        senders.get(id)?.lose(); // its lease was lost
        start(id);
      }
    },

    /** Gives all webhooks up: other workers take them at once. */
    async close(): Promise<void> {
      isStopping = true;
      await stopRenewing();
      const stopped = await Promise.allSettled([...senders.values()].map((sender) => sender.stop()));
      for (const result of stopped)
        if (result.status === 'rejected')
          log.warn({ err: result.reason as Error }, 'giving a webhook up failed: other workers wait for its lease');
    },
  };
}
