import { randomBytes } from 'node:crypto';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { inAddress } from '../../shared/contract/ids.ts';
import { KEY_PREFIX, keyBody, keyId } from '../../shared/contract/keys.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import type { KeyStore } from '../../shared/stores/postgres/keys.ts';
import { digestOfKey, type KeyRing } from '../auth/key-ring.ts';
import { actorOf, type Guards } from '../auth/operators.ts';
import { readJson, refuseBody } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { parse } from '../http/validation.ts';

const keyParams = z.object({ id: inAddress(keyId) });

type KeyDeps = { keys: KeyStore; keyRing: KeyRing } & Pick<Guards, 'requireAdmin' | 'credentialOf'>;

/** `/admin/keys`: the keys of trusted servers, made with the admin token. `/admin/me`: what a key itself permits. */
export function keyRoutes(deps: KeyDeps) {
  const router = Router();
  router.get('/me', showOwn(deps));
  router.get('/keys', listKeys(deps));
  router.post('/keys', makeKey(deps));
  router.delete('/keys/:id', revokeKey(deps));
  return router;
}

const showOwn =
  ({ credentialOf }: KeyDeps) =>
  (req: Request, res: Response) => {
    const own = credentialOf(req);
    refuseQuery(req);
    reply(res, 200, own);
  };

const listKeys =
  ({ keys, requireAdmin }: KeyDeps) =>
  async (req: Request, res: Response) => {
    requireAdmin(req);
    refuseQuery(req);
    const stored = await keys.list();
    reply(res, 200, { keys: stored.map(({ digest: _, ...view }) => view) });
  };

const makeKey = (deps: KeyDeps) => async (req: Request, res: Response) => {
  const { keys, keyRing, requireAdmin } = deps;
  const by = actorOf(req, requireAdmin(req));
  refuseQuery(req);
  const { name, scopes, expiresAt } = parse(keyBody, await readJson(req));
  if (expiresAt !== undefined && Date.parse(expiresAt) <= sharedNowMs())
    throw new ApiError('INVALID_REQUEST', 'expiresAt: in the future');
  const secret = `${KEY_PREFIX}${randomBytes(32).toString('base64url')}`;
  const key = {
    name,
    scopes,
    digest: digestOfKey(secret),
    expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt),
  };
  const made = await keys.make({ id: newTicketId(0), act: 'makeKey', by }, key);
  if (made === undefined) throw new ApiError('TOO_MANY_KEYS');
  await keyRing.refresh();
  reply(res, 201, { ...made, key: secret });
};

const revokeKey = (deps: KeyDeps) => async (req: Request, res: Response) => {
  const { keys, keyRing, requireAdmin } = deps;
  const by = actorOf(req, requireAdmin(req));
  refuseQuery(req);
  await refuseBody(req);
  const params = keyParams.safeParse(req.params);
  const act = { id: newTicketId(0), act: 'revokeKey' as const, by };
  if (!params.success || !(await keys.revoke(act, params.data.id))) throw new ApiError('KEY_UNKNOWN');
  await keyRing.refresh();
  res.status(204).end();
};
