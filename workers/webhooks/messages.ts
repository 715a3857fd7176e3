import { createHash, randomUUID } from 'node:crypto';
import type { Change } from '../../shared/contract/changes.ts';
import { MAX_BYTES_OF_MESSAGE, MAX_CHANGES_IN_MESSAGE } from '../../shared/contract/limits.ts';
import { changesBody, numberOf } from '../../shared/contract/webhooks.ts';
import type { Limit } from '../../shared/domain/limit.ts';
import type { FeedEnd, FeedStore } from '../../shared/stores/postgres/feed.ts';
import type { OwnedWebhook, WebhookMessage } from '../../shared/stores/postgres/webhook-deliveries.ts';

/** The changes behind a number: a message with the first of them, or none where nothing up to `next` matches. */
export type Composed = { message: WebhookMessage | undefined; next: number };

type ComposeDeps = { feed: Pick<FeedStore, 'page'>; reads: Limit };

/** Makes the next message of a webhook from the changes behind a number. */
export async function compose(
  { feed, reads }: ComposeDeps,
  { filter }: OwnedWebhook,
  after: number,
  end: FeedEnd,
): Promise<Composed> {
  const page = await reads(() => feed.page(after, end, filter, MAX_CHANGES_IN_MESSAGE));
  if (page === 'expired') throw new Error('the numbers of the feed are of another epoch: its end has to be read anew');
  const changes = page.changes.filter((change) => numberOf(change) <= end.last); // a page ends with a whole row
  const [first] = changes;
  if (first === undefined) return { message: undefined, next: page.next };
  const texts = fitting(changes);
  const last = changes[texts.length - 1] as Change;
  const isFull = texts.length < changes.length || changes.length === MAX_CHANGES_IN_MESSAGE;
  const to = isFull ? numberOf(last) : Math.min(page.next, end.last);
  const body = changesBody(texts);
  const message = { id: `msg_${randomUUID()}`, body, digest: digestOf(body), from: numberOf(first) - 1, to };
  return { message, next: to };
}

/** The first changes as JSON that a message has room for: one at least. */
function fitting(changes: readonly Change[]): string[] {
  const texts: string[] = [];
  let bytes = 0;
  for (const change of changes) {
    const text = JSON.stringify(change);
    bytes += Buffer.byteLength(text) + 1;
    if (bytes > MAX_BYTES_OF_MESSAGE && texts.length > 0) break;
    texts.push(text);
  }
  return texts;
}

/**
 * The message that was begun: its bytes where they were stored, else the same changes again. Undefined where these make
 * other bytes by now: a buyer was forgotten, or the form of changes is another version's. They become a new message.
 */
export async function restore(
  deps: ComposeDeps,
  webhook: OwnedWebhook,
  end: FeedEnd,
): Promise<WebhookMessage | undefined> {
  const { message: begun, number } = webhook;
  if (begun === undefined) return undefined;
  const { id, to, digest, body } = begun;
  if (body !== undefined) return { id, body, digest, from: number, to };
  const { message } = await compose(deps, webhook, number, { ...end, last: Math.min(to, end.last) });
  return message?.digest === digest ? { ...message, id, to } : undefined;
}

const digestOf = (body: string): string => createHash('sha256').update(body).digest('hex');
