import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { verifyPassword } from '../../domain/password.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { keysOf } from '../redis/keys.ts';

/**
 * Users that a demonstration starts with, as many as the load test of the booking system before goes through. The first
 * can log in with this password; it is public, so its hash is too.
 */
export const DEMO_USERS = 10_000;
const DEMO_PASSWORD = 'password';
const DEMO_HASH = 'scrypt$32768$8$3$hdlsxFvWdI3HA3pdiy3ITw==$pZaMEHlshljgn3DhpmJkXzIn0BwFq/z00tc2kE0xLYc='; // made once: half a second of every start

/** Seconds in which tries to log in count together. */
const LOGIN_WINDOW_SECONDS = 900;

/**
 * Makes sure that the demonstration's users are there, from 1 on. One statement: a start must not wait for ten
 * thousand.
 *
 * @param options.hasPassword whether the first can log in with the public password
 */
export async function ensureDemoUsers(prisma: PrismaClient, { hasPassword }: { hasPassword: boolean }): Promise<void> {
  const [first, last] = await prisma.user.findMany({ where: { id: { in: [1, DEMO_USERS] } }, orderBy: { id: 'asc' } });
  if ((!hasPassword || first?.passwordHash) && last?.id === DEMO_USERS) return;
  await prisma.$executeRaw`
    INSERT INTO app_user (id, email, name)
    SELECT id, CASE WHEN id = 1 THEN 'test@example.com' ELSE 'user' || id || '@example.com' END, 'User ' || id
    FROM generate_series(1, ${DEMO_USERS}::int) AS id
    ON CONFLICT DO NOTHING`;
  if (!hasPassword) return;
  await prisma.user.updateMany({ where: { id: 1, passwordHash: null }, data: { passwordHash: DEMO_HASH } });
}

/** Takes the password away that the whole world knows, where it still is in use. */
export async function closeDemoPassword(prisma: PrismaClient): Promise<void> {
  const first = await prisma.user.findUnique({ where: { id: 1 } });
  if (!first?.passwordHash || !(await verifyPassword(DEMO_PASSWORD, first.passwordHash))) return;
  await prisma.user.update({ where: { id: 1 }, data: { passwordHash: null } });
}

/** Who may buy. */
export function createUserStore({ prisma, redis }: { prisma: PrismaClient; redis: Redis }) {
  const attemptsKey = (...names: string[]) =>
    `${keysOf(0).loginStem}${createHash('sha256').update(names.join('\n').toLowerCase()).digest('base64url')}`;

  /** Counts a try, and answers how many there were since the first of this window. */
  async function countTry(key: string): Promise<number> {
    const replies = await redis.multi().incr(key).expire(key, LOGIN_WINDOW_SECONDS, 'NX').exec();
    return Number(replies?.[0]?.[1] ?? 0);
  }

  return {
    /** The user with this e-mail address, whatever its case (all are kept in lower case); null where there is none. */
    findByEmail(email: string) {
      return prisma.user.findUnique({ where: { email: email.toLowerCase() } });
    },

    /** The number of whom an outside identity provider knows as `subject`; a user of that name is made at the first time. */
    async idOfSubject(subject: string, name: string): Promise<number> {
      const [user] = await prisma.$queryRaw<{ id: number }[]>`
        INSERT INTO app_user (subject, name) VALUES (${subject}, ${name})
        ON CONFLICT (subject) DO UPDATE SET subject = EXCLUDED.subject RETURNING id`;
      if (user === undefined) throw new Error('the user was not made');
      return user.id;
    },

    /**
     * Counts a try to log in with an e-mail address by a client and, where that is one of its first `countedOfClient`,
     * by all clients: a single client must not use up what all of them may try.
     *
     * @returns how many there were in the last minutes, this one included
     */
    async countLogin(
      email: string,
      client: string,
      countedOfClient: number,
    ): Promise<{ ofClient: number; ofEmail: number }> {
      const ofClient = await countTry(attemptsKey(email, client));
      return { ofClient, ofEmail: ofClient > countedOfClient ? 0 : await countTry(attemptsKey(email)) };
    },

    /** Uncounts the tries of a client that has logged in. Those of others with the same e-mail address stay counted. */
    async forgetLogins(email: string, client: string): Promise<void> {
      const tries = Number(await redis.getdel(attemptsKey(email, client)));
      await redis.decrby(attemptsKey(email), tries);
      await redis.expire(attemptsKey(email), LOGIN_WINDOW_SECONDS, 'NX'); // it may have ended in between
    },
  };
}

export type UserStore = ReturnType<typeof createUserStore>;
