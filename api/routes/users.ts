import { type Request, type Response, Router } from 'express';
import { loginBody } from '../../shared/contract/users.ts';
import { createFairSlots } from '../../shared/domain/fair-slots.ts';
import { verifyPassword } from '../../shared/domain/password.ts';
import type { UserStore } from '../../shared/stores/postgres/users.ts';
import type { Identity } from '../auth/identity.ts';
import { readJson } from '../http/body.ts';
import { clientOf } from '../http/client-address.ts';
import { ApiError } from '../http/errors.ts';
import { refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { parse } from '../http/validation.ts';
import type { RateLimits } from '../limits/rate-limits.ts';

/**
 * Tries of one client with one e-mail address within a quarter of an hour, and of all clients: a stranger's tries must
 * not lock the address's owner out.
 */
const MAX_TRIES_OF_CLIENT = 10;
const MAX_TRIES = 200;

/**
 * Passwords that this node checks at once: each takes 32 MiB and a good part of a second of a core, of which Node's
 * pool has four.
 */
const CHECKS = { slots: 4, waitingOfClient: 4, waiting: 200 };

/** Logging in with e-mail and password, where no outside identity provider does that. */
export function userRoutes({ users, identity, limits }: { users: UserStore; identity: Identity; limits: RateLimits }) {
  const inTurn = createFairSlots(CHECKS);

  async function login(req: Request, res: Response): Promise<void> {
    refuseQuery(req);
    const { email, password } = parse(loginBody, await readJson(req));
    const client = clientOf(req);
    const checking = inTurn(client, () => userWith(email, password, client));
    if (checking === undefined) throw new ApiError('OVERLOADED', 'Too many people log in at this moment.');
    const user = await checking;
    reply(res, 200, { id: user.id, email: user.email, name: user.name, token: await identity.signToken(user.id) });
  }

  /** @throws ApiError RATE_LIMITED, UNAUTHENTICATED */
  async function userWith(email: string, password: string, client: string) {
    const { ofClient, ofEmail } = await users.countLogin(email, client, MAX_TRIES_OF_CLIENT);
    if (ofClient > MAX_TRIES_OF_CLIENT || ofEmail > MAX_TRIES) throw new ApiError('RATE_LIMITED');
    const user = await users.findByEmail(email);
    const isRight = await verifyPassword(password, user?.passwordHash ?? null);
    if (user === null || !isRight) throw new ApiError('UNAUTHENTICATED', 'E-mail and password do not belong together.');
    await users.forgetLogins(email, client);
    return user;
  }

  const router = Router();
  router.post('/login', limits.login, login);
  return router;
}
