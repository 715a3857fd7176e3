import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { Config } from '../../shared/config.ts';
import { cursorText, type FeedCursor } from '../../shared/contract/changes.ts';
import { inAddress } from '../../shared/contract/ids.ts';
import {
  TEST_BODY,
  type WebhookView,
  webhookBody,
  webhookChange,
  webhookId,
  webhookReplay,
} from '../../shared/contract/webhooks.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { ATTEMPT_MS, headersOf, newSecret } from '../../shared/domain/webhooks.ts';
import { findPrivateAddress, post } from '../../shared/platform/outbound.ts';
import type { FeedEnd, FeedStore } from '../../shared/stores/postgres/feed.ts';
import type { Act } from '../../shared/stores/postgres/trail.ts';
import type { WebhookStore } from '../../shared/stores/postgres/webhooks.ts';
import { actorOf, type OperatorGuard } from '../auth/operators.ts';
import { readJson, refuseBody } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { parse } from '../http/validation.ts';

const webhookParams = z.object({ id: inAddress(webhookId) });

type WebhookDeps = {
  webhooks: WebhookStore;
  feed: Pick<FeedStore, 'end' | 'placeOf' | 'numberAt'>;
  config: Pick<Config, 'WEBHOOKS_TO_PRIVATE_ADDRESSES'>;
  requireOperator: OperatorGuard;
};

/** `/admin/webhooks`: the endpoints to which changes of the feed are sent. Workers send them. */
export function webhookRoutes(deps: WebhookDeps) {
  const router = Router();
  router.get('/webhooks', listWebhooks(deps));
  router.post('/webhooks', makeWebhook(deps));
  router.get('/webhooks/:id', showWebhook(deps));
  router.patch('/webhooks/:id', changeWebhook(deps));
  router.delete('/webhooks/:id', deleteWebhook(deps));
  router.post('/webhooks/:id/rotate-secret', rotateSecret(deps));
  router.post('/webhooks/:id/test', testWebhook(deps));
  router.post('/webhooks/:id/replay', replayWebhook(deps));
  return router;
}

/** @throws ApiError WEBHOOK_UNKNOWN */
function idOf(req: Request): number {
  const params = webhookParams.safeParse(req.params);
  if (!params.success) throw new ApiError('WEBHOOK_UNKNOWN');
  return params.data.id;
}

/** @throws ApiError WEBHOOK_UNKNOWN */
function found<Found>(webhook: Found | undefined): Found {
  if (webhook === undefined) throw new ApiError('WEBHOOK_UNKNOWN');
  return webhook;
}

type StoredWebhook = NonNullable<Awaited<ReturnType<WebhookStore['find']>>>;

const viewOf = ({ number, ...view }: StoredWebhook, { epoch }: FeedEnd): WebhookView => ({
  ...view,
  cursor: cursorText({ epoch, number }),
});

/** @throws ApiError INVALID_REQUEST where messages to the address are not permitted */
async function checkUrl({ config }: WebhookDeps, url: string): Promise<void> {
  if (config.WEBHOOKS_TO_PRIVATE_ADDRESSES) return;
  if (!url.startsWith('https:')) throw new ApiError('INVALID_REQUEST', 'url: must begin with https://');
  // A name that cannot be resolved now is looked up at each attempt.
  const refused = await findPrivateAddress(url);
  if (refused !== undefined) throw new ApiError('INVALID_REQUEST', `url: the address ${refused} is private`);
}

const listWebhooks =
  ({ webhooks, feed, requireOperator }: WebhookDeps) =>
  async (req: Request, res: Response) => {
    requireOperator(req);
    refuseQuery(req);
    const end = await feed.end();
    reply(res, 200, { webhooks: (await webhooks.list()).map((one) => viewOf(one, end)) });
  };

const showWebhook =
  ({ webhooks, feed, requireOperator }: WebhookDeps) =>
  async (req: Request, res: Response) => {
    requireOperator(req);
    refuseQuery(req);
    const end = await feed.end();
    reply(res, 200, viewOf(found(await webhooks.find(idOf(req))), end));
  };

const makeWebhook = (deps: WebhookDeps) => async (req: Request, res: Response) => {
  const { webhooks, feed, requireOperator } = deps;
  const by = actorOf(req, requireOperator(req));
  refuseQuery(req);
  const { eventIds = [], ...settings } = parse(webhookBody, await readJson(req));
  await checkUrl(deps, settings.url);
  const secret = newSecret();
  const end = await feed.end();
  const act: Act = { id: newTicketId(0), act: 'makeWebhook', by };
  const made = await webhooks.make(act, { ...settings, eventIds }, secret, end.last);
  if (made === undefined) throw new ApiError('TOO_MANY_WEBHOOKS');
  reply(res, 201, { ...viewOf(made, end), secret });
};

const changeWebhook = (deps: WebhookDeps) => async (req: Request, res: Response) => {
  const { webhooks, feed, requireOperator } = deps;
  const by = actorOf(req, requireOperator(req));
  refuseQuery(req);
  const id = idOf(req);
  const change = parse(webhookChange, await readJson(req));
  if (change.url !== undefined) await checkUrl(deps, change.url);
  const end = await feed.end();
  if (change.enabled) {
    const { number } = found(await webhooks.find(id));
    await requirePlace(deps, { epoch: end.epoch, number }, end);
  }
  const changed = await webhooks.change({ id: newTicketId(0), act: 'changeWebhook', by }, id, change);
  reply(res, 200, viewOf(found(changed), end));
};

const deleteWebhook =
  ({ webhooks, requireOperator }: WebhookDeps) =>
  async (req: Request, res: Response) => {
    const by = actorOf(req, requireOperator(req));
    refuseQuery(req);
    await refuseBody(req);
    const act: Act = { id: newTicketId(0), act: 'deleteWebhook', by };
    if (!(await webhooks.remove(act, idOf(req)))) throw new ApiError('WEBHOOK_UNKNOWN');
    res.status(204).end();
  };

const rotateSecret =
  ({ webhooks, feed, requireOperator }: WebhookDeps) =>
  async (req: Request, res: Response) => {
    const by = actorOf(req, requireOperator(req));
    refuseQuery(req);
    await refuseBody(req);
    const secret = newSecret();
    const end = await feed.end();
    const act: Act = { id: newTicketId(0), act: 'rotateWebhookSecret', by };
    reply(res, 200, { ...viewOf(found(await webhooks.rotateSecret(act, idOf(req), secret)), end), secret });
  };

const testWebhook =
  ({ webhooks, config, requireOperator }: WebhookDeps) =>
  async (req: Request, res: Response) => {
    requireOperator(req);
    refuseQuery(req);
    await refuseBody(req);
    const { url, secrets } = found(await webhooks.addressOf(idOf(req)));
    const message = { id: `msg_${newTicketId(0)}`, body: TEST_BODY };
    const answer = await post(url, {
      body: message.body,
      headers: headersOf(message, secrets, Date.now()),
      toPrivate: config.WEBHOOKS_TO_PRIVATE_ADDRESSES,
      timeoutMs: ATTEMPT_MS,
    });
    reply(res, 200, answer);
  };

const replayWebhook = (deps: WebhookDeps) => async (req: Request, res: Response) => {
  const { webhooks, feed, requireOperator } = deps;
  const by = actorOf(req, requireOperator(req));
  refuseQuery(req);
  const id = idOf(req);
  const { from, after } = parse(webhookReplay, await readJson(req));
  const end = await feed.end();
  const since = async (): Promise<FeedCursor> => ({
    epoch: end.epoch,
    number: await feed.numberAt(new Date(String(from)), end),
  });
  const place = await requirePlace(deps, after ?? (await since()), end);
  const replayed = await webhooks.replay({ id: newTicketId(0), act: 'replayWebhook', by }, id, place);
  reply(res, 200, viewOf(found(replayed), end));
};

/** The number of a cursor behind which all changes are there. @throws ApiError CURSOR_EXPIRED */
async function requirePlace({ feed }: WebhookDeps, cursor: FeedCursor, end: FeedEnd): Promise<number> {
  const place = await feed.placeOf(cursor, end);
  if (place === 'expired') throw new ApiError('CURSOR_EXPIRED');
  return place;
}
