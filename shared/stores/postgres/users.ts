import { verifyPassword } from '../../domain/password.ts';
import type { PrismaClient } from '../../platform/prisma.ts';

/**
 * Users of a demonstration: as many as the load test of the earlier booking system uses. The first one can log in with
 * a public password, so its hash is public too.
 */
export const DEMO_USERS = 10_000;
const DEMO_PASSWORD = 'password';
// Computed once: hashing takes half a second.
const DEMO_HASH = 'scrypt$32768$8$3$hdlsxFvWdI3HA3pdiy3ITw==$pZaMEHlshljgn3DhpmJkXzIn0BwFq/z00tc2kE0xLYc=';

/**
 * Creates the demonstration's users, numbered from 1, unless they exist: in one statement, so that a start is fast.
 *
 * @param options.hasPassword whether the first user can log in with the public password
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

/** Removes the public password of the first user, if it is still set. */
export async function closeDemoPassword(prisma: PrismaClient): Promise<void> {
  const first = await prisma.user.findUnique({ where: { id: 1 } });
  if (!first?.passwordHash || !(await verifyPassword(DEMO_PASSWORD, first.passwordHash))) return;
  await prisma.user.update({ where: { id: 1 }, data: { passwordHash: null } });
}

/** Users in PostgreSQL. */
export const createUserStore = ({ prisma }: { prisma: PrismaClient }) => ({
  /** The user with this e-mail address in any case (all are stored in lower case); null where there is none. */
  findByEmail(email: string) {
    return prisma.user.findUnique({ where: { email: email.toLowerCase() } });
  },

  /** The number of the user with this `subject` of an outside identity provider. The first call creates the user. */
  async idOfSubject(subject: string, name: string): Promise<number> {
    const [user] = await prisma.$queryRaw<{ id: number }[]>`
      INSERT INTO app_user (subject, name) VALUES (${subject}, ${name})
      ON CONFLICT (subject) DO UPDATE SET subject = EXCLUDED.subject RETURNING id`;
    if (user === undefined) throw new Error('the user was not created');
    return user.id;
  },
});
