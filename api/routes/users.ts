import { type Request, type Response, Router } from 'express';
import { loginBody } from '../../shared/contract/users.ts';
import { verifyPassword } from '../../shared/domain/password.ts';
import type { UserStore } from '../../shared/stores/users.ts';
import { ApiError, parse, readJson, refuseQuery, reply } from '../http.ts';
import type { Identity } from '../identity.ts';
import type { RateLimits } from '../rate-limits.ts';

/** Tries with one e-mail address within a quarter of an hour, before it has to wait. */
const MAX_LOGINS = 10;

/** Passwords that this node checks at once: each takes 32 MiB and a good part of a second of a core. */
const MAX_CHECKS = 8;

/** Logging in with e-mail and password, where no outside identity provider does that. */
export function userRoutes({ users, identity, limits }: { users: UserStore; identity: Identity; limits: RateLimits }) {
  let checks = 0;

  async function login(req: Request, res: Response): Promise<void> {
    refuseQuery(req);
    const { email, password } = parse(loginBody, await readJson(req));
    if (checks >= MAX_CHECKS) throw new ApiError('OVERLOADED', 'Too many people log in at this moment.');
    checks += 1;
    try {
      if ((await users.countLogin(email)) > MAX_LOGINS) throw new ApiError('RATE_LIMITED');
      const user = await users.findByEmail(email);
      const right = await verifyPassword(password, user?.passwordHash ?? null);
      if (user === null || !right) throw new ApiError('UNAUTHENTICATED', 'E-mail and password do not belong together.');
      await users.forgetLogins(email);
      reply(res, 200, { id: user.id, email: user.email, name: user.name, token: await identity.signToken(user.id) });
    } finally {
      checks -= 1;
    }
  }

  const router = Router();
  router.post('/login', limits.login, login);
  return router;
}
