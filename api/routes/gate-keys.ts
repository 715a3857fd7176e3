import { type Request, type Response, Router } from 'express';
import { gateKeyId } from '../../shared/contract/gate.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import type { GateKeyStore } from '../../shared/stores/postgres/gate-keys.ts';
import { actorOf, type Guards } from '../auth/operators.ts';
import { type GateKeyRing, newGateKey } from '../gate/gate-key-ring.ts';
import { refuseBody } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';

type GateKeyDeps = { gateKeys: GateKeyStore; gateKeyRing: GateKeyRing } & Pick<Guards, 'requireAdmin'>;

/** `/admin/gate-keys`: the keys that sign admissions to sites. */
export function gateKeyRoutes(deps: GateKeyDeps) {
  const router = Router();
  router.get('/gate-keys', listKeys(deps));
  router.post('/gate-keys', publishKey(deps));
  router.delete('/gate-keys/:id', withdrawKey(deps));
  return router;
}

const listKeys =
  ({ gateKeyRing, requireAdmin }: GateKeyDeps) =>
  async (req: Request, res: Response) => {
    requireAdmin(req);
    refuseQuery(req);
    await gateKeyRing.refresh();
    reply(res, 200, { keys: gateKeyRing.list() });
  };

const publishKey =
  ({ gateKeys, gateKeyRing, requireAdmin }: GateKeyDeps) =>
  async (req: Request, res: Response) => {
    const by = actorOf(req, requireAdmin(req));
    refuseQuery(req);
    await refuseBody(req);
    const act = { id: newTicketId(0), act: 'publishGateKey' as const, by };
    const key = await newGateKey();
    const isPublished = await gateKeys.publish(act, key);
    await gateKeyRing.refresh();
    if (!isPublished) throw new ApiError('TOO_MANY_KEYS', 'A new key waits for its first use, or there are too many.');
    reply(
      res,
      201,
      gateKeyRing.list().find(({ id }) => id === key.id),
    );
  };

const withdrawKey =
  ({ gateKeys, gateKeyRing, requireAdmin }: GateKeyDeps) =>
  async (req: Request, res: Response) => {
    const by = actorOf(req, requireAdmin(req));
    refuseQuery(req);
    await refuseBody(req);
    const id = gateKeyId.safeParse(req.params.id);
    const act = { id: newTicketId(0), act: 'withdrawGateKey' as const, by };
    const isWithdrawn = id.success && (await gateKeys.withdraw(act, id.data, await newGateKey()));
    if (!isWithdrawn) throw new ApiError('KEY_UNKNOWN');
    await gateKeyRing.refresh();
    res.status(204).end();
  };
