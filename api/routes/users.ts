import { type Request, type Response, Router } from 'express';
import { loginBody } from '../../shared/contract/users.ts';
import { createFairSlots } from '../../shared/domain/fair-slots.ts';
import { verifyPassword } from '../../shared/domain/password.ts';
import type { UserStore } from '../../shared/stores/stores.ts';
import type { Identity } from '../auth/identity.ts';
import { readJson } from '../http/body.ts';
import { clientOf } from '../http/client-address.ts';
import { ApiError } from '../http/errors.ts';
import { refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { parse } from '../http/validation.ts';
import type { RateLimits } from '../limits/rate-limits.ts';

/**
 * Attempts with one e-mail address in a quarter of an hour, by one client and by all clients: the attempts of another
 * client must not lock out the owner of the address.
 */
const MAX_ATTEMPTS_OF_CLIENT = 10;
const MAX_ATTEMPTS = 200;

/**
 * Passwords that this node checks at once. A check takes 32 MiB and up to a second of one of the four threads in Node's
 * pool.
 */
const CHECKS = { slots: 4, waitingOfClient: 4, waiting: 200 };

/** `/api/users/login`, with e-mail and password. It exists only without an outside identity provider. */
export function userRoutes({ users, identity, limits }: { users: UserStore; identity: Identity; limits: RateLimits }) {
  const inTurn = createFairSlots(CHECKS);

  async function login(req: Request, res: Response): Promise<void> {
    refuseQuery(req);
    const { email, password } = parse(loginBody, await readJson(req));
    const client = clientOf(req);
    const checking = inTurn(client, () => userWith(email, password, client));
    if (checking === undefined) throw new ApiError('OVERLOADED', 'Too many users are logging in.');
    const user = await checking;
    reply(res, 200, { id: user.id, email: user.email, name: user.name, token: await identity.signToken(user.id) });
  }

  /** @throws ApiError RATE_LIMITED, UNAUTHENTICATED */
  async function userWith(email: string, password: string, client: string) {
    const { ofClient, ofEmail } = await users.countLogin(email, client, MAX_ATTEMPTS_OF_CLIENT);
    if (ofClient > MAX_ATTEMPTS_OF_CLIENT || ofEmail > MAX_ATTEMPTS) throw new ApiError('RATE_LIMITED');
    const user = await users.findByEmail(email);
    const isCorrect = await verifyPassword(password, user?.passwordHash ?? null);
    if (user === null || !isCorrect)
      throw new ApiError('UNAUTHENTICATED', 'E-mail and password do not belong together.');
    await users.forgetLogins(email, client);
    return user;
  }

  const router = Router();
  router.post('/login', limits.login, login);
  return router;
}
