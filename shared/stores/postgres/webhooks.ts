import type { ChangeType } from '../../contract/changes.ts';
import { MAX_WEBHOOKS } from '../../contract/limits.ts';
import type { EndpointAnswer, WebhookChange, WebhookStatus, WebhookView } from '../../contract/webhooks.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma, type Webhook } from '../../platform/prisma-client/client.ts';
import type { Act, TrailStore } from './trail.ts';

/** Hours for which the secret before signs too. */
const ROTATION_HOURS = 24;

/** Numbers behind a webhook's place among which its undelivered changes are counted, and rows without a number. */
const COUNTED_NUMBERS = 20_000;
const COUNTED_ROWS = 1_000;

/** The fields that an operator sets. */
type WebhookSettings = { url: string; types: ChangeType[]; eventIds: number[]; description: string };

/** Changes that have yet to be delivered, and the age of the oldest in seconds. */
export type WebhookLag = { id: number; status: WebhookStatus; changes: number; seconds: number };

type FoundWebhook = Omit<WebhookView, 'cursor'> & { number: number };

/** Where nothing was sent before: no message, no failures. */
const AFRESH = {
  messageId: null,
  messageNumber: null,
  messageDigest: null,
  messageBody: null,
};
const WITHOUT_FAILURES = { failures: 0, failingSince: null, nextAt: null };

/** Webhooks as operators make and change them. Each act is in the trail, without secrets. */
export function createWebhookStore({ prisma, trail }: { prisma: PrismaClient; trail: Pick<TrailStore, 'once'> }) {
  const read = async (where: Prisma.WebhookWhereInput): Promise<FoundWebhook[]> => {
    const [rows, lags] = await Promise.all([
      prisma.webhook.findMany({ where, orderBy: { id: 'asc' }, take: MAX_WEBHOOKS }),
      readLags(prisma),
    ]);
    return rows.map((row) => viewOf(row, lags));
  };
  const find = async (id: number): Promise<FoundWebhook | undefined> => (await read({ id }))[0];

  /** Changes a webhook, and writes that into the trail. @returns it; undefined where there is none */
  async function change(act: Act, id: number, changed: (row: Webhook) => Prisma.WebhookUpdateInput) {
    const done = await trail.once(act, async (transaction) => {
      await transaction.$executeRaw`SELECT FROM webhook WHERE id = ${id}::int FOR UPDATE`;
      const row = await transaction.webhook.findUnique({ where: { id } });
      if (row === null) return undefined;
      const data = { ...changed(row), version: { increment: 1 } };
      const after = await transaction.webhook.update({ where: { id }, data });
      return { before: shownInTrail(row), after: shownInTrail(after) };
    });
    return done === undefined ? undefined : find(id);
  }

  return {
    /** All webhooks, the oldest first. */
    list: () => read({}),
    find,

    /** Makes a webhook at a place in the feed. @returns undefined where there are `MAX_WEBHOOKS` */
    async make(act: Act, settings: WebhookSettings, secret: string, number: number) {
      let id: number | undefined;
      await trail.once(act, async (transaction) => {
        await transaction.$executeRaw`LOCK TABLE webhook IN SHARE ROW EXCLUSIVE MODE`; // so that none is made beyond
        if ((await transaction.webhook.count()) >= MAX_WEBHOOKS) return undefined;
        const row = await transaction.webhook.create({ data: { ...settings, secret, number } });
        id = row.id;
        return { after: shownInTrail(row) };
      });
      return id === undefined ? undefined : find(id);
    },

    /** Changes settings. Another address, and `enabled`, make the next attempt due now. */
    change: (act: Act, id: number, { enabled, eventIds, ...settings }: WebhookChange) =>
      change(act, id, () => ({
        ...withoutUndefined(settings),
        ...(eventIds !== undefined && { eventIds: eventIds ?? [] }),
        ...(enabled !== undefined && { status: enabled ? 'ACTIVE' : 'DISABLED' }),
        ...((enabled || settings.url !== undefined) && WITHOUT_FAILURES),
      })),

    /** Gives it another secret. The present one signs too for a day. */
    rotateSecret: (act: Act, id: number, secret: string) =>
      change(act, id, (row) => ({
        secret,
        oldSecret: row.secret,
        oldSecretUntil: new Date(Date.now() + ROTATION_HOURS * 3_600_000),
      })),

    /** Sends what is behind a number again, also where it was stopped; a message under way is discarded. */
    replay: (act: Act, id: number, number: number) =>
      change(act, id, ({ status }) => ({
        number,
        ...AFRESH,
        ...WITHOUT_FAILURES,
        status: status === 'STOPPED' ? 'ACTIVE' : status,
      })),

    /** @returns whether there was one */
    async remove(act: Act, id: number): Promise<boolean> {
      const removed = await trail.once(act, async (transaction) => {
        const [row] = await transaction.webhook.findMany({ where: { id } });
        const { count } = await transaction.webhook.deleteMany({ where: { id } });
        return row === undefined || count === 0 ? undefined : { before: shownInTrail(row), after: { deleted: true } };
      });
      return removed !== undefined;
    },

    /** The address of a webhook and the secrets that sign for it. */
    async addressOf(id: number): Promise<{ url: string; secrets: string[] } | undefined> {
      const row = await prisma.webhook.findUnique({ where: { id } });
      return row === null ? undefined : { url: row.url, secrets: secretsOf(row) };
    },
  };
}

export type WebhookStore = ReturnType<typeof createWebhookStore>;

/** The secrets that sign now, the newest first. */
export const secretsOf = (row: Pick<Webhook, 'secret' | 'oldSecret' | 'oldSecretUntil'>): string[] => {
  const { secret, oldSecret, oldSecretUntil } = row;
  const isOldGood = oldSecret !== null && oldSecretUntil !== null && oldSecretUntil.getTime() > Date.now();
  return isOldGood ? [secret, oldSecret] : [secret];
};

const withoutUndefined = (fields: object) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const shownInTrail = ({ id, url, types, eventIds, description, status, number, oldSecretUntil }: Webhook) => ({
  id,
  url,
  types,
  eventIds,
  description,
  status,
  number: Number(number),
  ...(oldSecretUntil !== null && { secretRotatedUntil: oldSecretUntil.toISOString() }),
});

function viewOf(row: Webhook, lags: readonly WebhookLag[]): FoundWebhook {
  const { id, url, types, eventIds, description, createdAt, failures, failingSince, nextAt, number } = row;
  const { changes = 0, seconds = 0 } = lags.find((lag) => lag.id === id) ?? {};
  const { oldSecretUntil } = row;
  return {
    id,
    url,
    types: types as ChangeType[],
    ...(eventIds.length > 0 && { eventIds }),
    description,
    status: row.status as WebhookStatus,
    createdAt: createdAt.toISOString(),
    number: Number(number),
    lag: { changes, seconds },
    failures,
    ...(failingSince !== null && { failingSince: failingSince.toISOString() }),
    ...(nextAt !== null && { nextAttemptAt: nextAt.toISOString() }),
    ...(oldSecretUntil !== null && { secretRotatedUntil: oldSecretUntil.toISOString() }),
    lastAnswers: row.lastAnswers as EndpointAnswer[],
  };
}

/** Whether a row of the feed is for a webhook. */
const isFor = Prisma.sql`
  batch.type = ANY(webhook.types) AND (webhook.event_ids = '{}' OR batch.event_id = ANY(webhook.event_ids))`;

/** Whether a webhook that is sent to has yet to get a change of an event. */
export const lacksChangesOf = (eventId: number): Prisma.Sql => Prisma.sql`
  webhook.status = 'ACTIVE' AND EXISTS (
    SELECT FROM change_batch AS batch WHERE batch.event_id = ${eventId}::int
      AND (batch.number > webhook.number OR batch.number IS NULL) AND ${isFor}
  )`;

/** Reads what has yet to be delivered to each webhook. It is counted up to a bound; the oldest is always among it. */
export const readLags = (prisma: PrismaClient): Promise<WebhookLag[]> =>
  prisma.$queryRaw<WebhookLag[]>`
    SELECT webhook.id, webhook.status, coalesce(sum(unsent.changes), 0)::int AS changes,
      GREATEST(coalesce(extract(epoch FROM clock_timestamp() - min(unsent.at)), 0), 0)::float8 AS seconds
    FROM webhook LEFT JOIN LATERAL (
      (SELECT LEAST(batch.count, batch.number - webhook.number) AS changes, batch.at FROM change_batch AS batch
       WHERE batch.number > webhook.number AND batch.number <= webhook.number + ${COUNTED_NUMBERS}::int AND ${isFor}
       ORDER BY batch.number LIMIT ${COUNTED_ROWS})
      UNION ALL
      (SELECT batch.count, batch.at FROM change_batch AS batch WHERE batch.number IS NULL AND ${isFor}
       ORDER BY batch.id LIMIT ${COUNTED_ROWS})
    ) AS unsent ON TRUE
    GROUP BY webhook.id ORDER BY webhook.id`;
