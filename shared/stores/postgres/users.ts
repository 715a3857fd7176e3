import { verifyPassword } from '../../domain/password.ts';
import type { PrismaClient } from '../../platform/prisma.ts';

/**
 * Users that a demonstration starts with, as many as the load test of the booking system before goes through. The first
 * can log in with this password; it is public, so its hash is too.
 */
export const DEMO_USERS = 10_000;
const DEMO_PASSWORD = 'password';
const DEMO_HASH = 'scrypt$32768$8$3$hdlsxFvWdI3HA3pdiy3ITw==$pZaMEHlshljgn3DhpmJkXzIn0BwFq/z00tc2kE0xLYc='; // made once: half a second of every start

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
export function createUserStore({ prisma }: { prisma: PrismaClient }) {
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
  };
}
