import type { ChangeType, FeedFilter } from '../../contract/changes.ts';
import { type EndpointAnswer, MAX_LAST_ANSWERS } from '../../contract/webhooks.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma, type Webhook } from '../../platform/prisma-client/client.ts';
import { secretsOf } from './webhooks.ts';

/** Seconds for which a worker owns a webhook without renewing that. */
const LEASE_SECONDS = 15;

/** A message to an endpoint: its id and bytes, and the numbers of the feed that it goes from (behind) and to. */
export type WebhookMessage = { id: string; body: string; digest: string; from: number; to: number };

/** The message that was begun. `body`: once an attempt failed. */
type BegunMessage = { id: string; to: number; digest: string; body: string | undefined };

/** A webhook that a worker owns, as it was read. */
export type OwnedWebhook = {
  id: number;
  version: number;
  url: string;
  filter: FeedFilter;
  secrets: string[];
  number: number;
  message: BegunMessage | undefined;
  failures: number;
  /** Milliseconds since the first failure in a row, and until the next attempt. */
  failingMs: number;
  waitMs: number;
};

/** After a failed attempt: another one after so many milliseconds, or none. */
export type AfterAttempt = { waitMs: number } | { status: 'STOPPED' | 'DISABLED' };

type OwnedRow = Webhook & { failingMs: number | null; waitMs: number | null };

/**
 * The deliveries of webhooks by workers. Each has one owner at a time, by a lease; each write fails where the worker
 * owns it no more, or where its message was discarded by a replay.
 */
export function createWebhookDeliveries({ prisma }: { prisma: PrismaClient }) {
  return {
    /** Whether a webhook has no owner. */
    async areUnowned(): Promise<boolean> {
      const [row] = await prisma.$queryRaw<{ are: boolean }[]>`
        SELECT EXISTS (SELECT FROM webhook WHERE ${isUnowned}) AS are`;
      return row?.are ?? true;
    },

    /** Takes webhooks that nobody owns. */
    take: (owner: string, most: number): Promise<{ id: number }[]> =>
      prisma.$queryRaw`
        UPDATE webhook SET owner = ${owner}::uuid, leased_until = ${leaseEnd}
        WHERE id IN (SELECT id FROM webhook WHERE ${isUnowned} ORDER BY id LIMIT ${most} FOR UPDATE SKIP LOCKED)
        RETURNING id`,

    /** Renews leases of a worker. @returns what it still owns, with the versions */
    renew: (owner: string, ids: readonly number[]): Promise<{ id: number; version: number }[]> =>
      prisma.$queryRaw`
        UPDATE webhook SET leased_until = ${leaseEnd} WHERE id = ANY(${[...ids]}::int[]) AND owner = ${owner}::uuid
        RETURNING id, version`,

    /** Gives a webhook up, with the bytes of a message whose attempt was cut off. */
    async release(owner: string, id: number, cut: { message: WebhookMessage; version: number } | undefined) {
      await prisma.$executeRaw`
        UPDATE webhook SET owner = NULL, leased_until = NULL,
          message_body = CASE WHEN message_id = ${cut?.message.id ?? null} AND version = ${cut?.version ?? null}::int
            THEN ${cut?.message.body ?? null} ELSE message_body END
        WHERE id = ${id}::int AND owner = ${owner}::uuid`;
    },

    /** Reads a webhook. Undefined where this worker does not own it, or nothing is to be sent. */
    read: (owner: string, id: number) => read(prisma, owner, id),

    /** Writes which message is going to be sent. @returns false where the webhook was changed meanwhile */
    begin: (owner: string, webhook: OwnedWebhook, message: WebhookMessage) =>
      begin(prisma, owner, webhook, message, webhook.message?.id, Prisma.empty),

    /** The same, and that the message before was delivered. @returns false where neither was written */
    beginNext: (
      owner: string,
      webhook: OwnedWebhook,
      message: WebhookMessage,
      doneId: string,
      answer: EndpointAnswer,
    ) => begin(prisma, owner, webhook, message, doneId, Prisma.sql`, ${delivered(answer)}`),

    /** Writes that a message was delivered, also where settings were changed meanwhile. */
    async acknowledge(owner: string, id: number, message: WebhookMessage, answer: EndpointAnswer): Promise<void> {
      await prisma.$executeRaw`
        UPDATE webhook SET number = ${message.to}::bigint, ${withoutMessage}, ${delivered(answer)}
        WHERE id = ${id}::int AND owner = ${owner}::uuid AND message_id = ${message.id}`;
    },

    /** Moves on where nothing is to be sent. */
    async pass(owner: string, { id, version }: OwnedWebhook, number: number): Promise<void> {
      await prisma.$executeRaw`
        UPDATE webhook SET number = ${number}::bigint, ${withoutMessage}
        WHERE id = ${id}::int AND owner = ${owner}::uuid AND version = ${version}::int`;
    },

    fail: (owner: string, webhook: OwnedWebhook, message: WebhookMessage, answer: EndpointAnswer, next: AfterAttempt) =>
      fail(prisma, owner, webhook, message, answer, next),
  };
}

export type WebhookDeliveries = ReturnType<typeof createWebhookDeliveries>;

const leaseEnd = Prisma.sql`clock_timestamp() + ${LEASE_SECONDS}::int * interval '1 second'`;

const isUnowned = Prisma.sql`status = 'ACTIVE' AND (owner IS NULL OR leased_until < clock_timestamp())`;

const withoutMessage = Prisma.sql`
  message_id = NULL, message_number = NULL, message_digest = NULL, message_body = NULL`;

const withAnswer = (answer: EndpointAnswer): Prisma.Sql => Prisma.sql`
  last_answers = jsonb_path_query_array(
    jsonb_build_array(${JSON.stringify(answer)}::jsonb) || last_answers,
    ${`$[0 to ${MAX_LAST_ANSWERS - 1}]`}::jsonpath
  )`;

const delivered = (answer: EndpointAnswer): Prisma.Sql => Prisma.sql`
  failures = 0, failing_since = NULL, next_at = NULL, ${withAnswer(answer)}`;

async function read(prisma: PrismaClient, owner: string, id: number): Promise<OwnedWebhook | undefined> {
  const [row] = await prisma.$queryRaw<OwnedRow[]>`
    SELECT id, version, url, types, event_ids AS "eventIds", secret, old_secret AS "oldSecret",
      old_secret_until AS "oldSecretUntil", number, message_id AS "messageId", message_number AS "messageNumber",
      message_digest AS "messageDigest", message_body AS "messageBody", failures,
      extract(epoch FROM clock_timestamp() - failing_since)::float8 * 1000 AS "failingMs",
      extract(epoch FROM next_at - clock_timestamp())::float8 * 1000 AS "waitMs"
    FROM webhook WHERE id = ${id}::int AND owner = ${owner}::uuid AND status = 'ACTIVE'`;
  if (row === undefined) return undefined;
  const { messageId, messageNumber, messageDigest, messageBody, types, eventIds } = row;
  return {
    id,
    version: row.version,
    url: row.url,
    filter: { types: types as ChangeType[], eventIds: eventIds.length === 0 ? undefined : eventIds },
    secrets: secretsOf(row),
    number: Number(row.number),
    message:
      messageId === null
        ? undefined
        : { id: messageId, to: Number(messageNumber), digest: String(messageDigest), body: messageBody ?? undefined },
    failures: row.failures,
    failingMs: row.failingMs ?? 0,
    waitMs: row.waitMs ?? 0,
  };
}

async function begin(
  prisma: PrismaClient,
  owner: string,
  { id, version }: OwnedWebhook,
  message: WebhookMessage,
  knownId: string | undefined,
  more: Prisma.Sql,
): Promise<boolean> {
  const begun = await prisma.$executeRaw`
    UPDATE webhook SET number = ${message.from}::bigint, message_id = ${message.id},
      message_number = ${message.to}::bigint, message_digest = ${message.digest}, message_body = NULL ${more}
    WHERE id = ${id}::int AND owner = ${owner}::uuid AND version = ${version}::int AND status = 'ACTIVE'
      AND message_id IS NOT DISTINCT FROM ${knownId ?? null}`;
  return begun > 0;
}

/**
 * Writes a failed attempt, and the bytes for the next one. Where the webhook was changed or a buyer was forgotten since
 * the message was made, the bytes are left out: they are made anew, under the same id where they are the same.
 */
async function fail(
  prisma: PrismaClient,
  owner: string,
  { id, version, failures }: OwnedWebhook,
  message: WebhookMessage,
  answer: EndpointAnswer,
  next: AfterAttempt,
): Promise<void> {
  const waitMs = 'waitMs' in next ? next.waitMs : null;
  const status = 'status' in next ? next.status : null;
  await prisma.$executeRaw`
    UPDATE webhook SET failures = ${failures + 1}::int, failing_since = coalesce(failing_since, clock_timestamp()),
      next_at = clock_timestamp() + ${waitMs}::float8 * interval '1 millisecond',
      status = coalesce(${status}::text, status),
      message_body = CASE WHEN message_body IS NULL AND version = ${version}::int
        THEN ${message.body} ELSE message_body END,
      ${withAnswer(answer)}
    WHERE id = ${id}::int AND owner = ${owner}::uuid AND message_id = ${message.id}`;
}
