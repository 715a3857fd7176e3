import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import type { Database } from './event-rows.ts';
import type { Act, TrailStore } from './trail.ts';

type NamedBuyer = { id: number; buyer: string };

/** The buyers whom shops name, in PostgreSQL: one row has the name of a number, and bookings have the number. */
export function createBuyerStore({ prisma, trail }: { prisma: PrismaClient; trail: Pick<TrailStore, 'once'> }) {
  const find = (names: readonly string[]): Promise<NamedBuyer[]> =>
    prisma.$queryRaw<NamedBuyer[]>`SELECT id, buyer FROM app_user WHERE buyer = ANY(${[...names]}::text[])`;

  return {
    /** The number of each buyer, in the order of the names. New buyers get one. */
    async numbersOf(names: readonly string[]): Promise<number[]> {
      const wanted = [...new Set(names)];
      const known = new Map((await find(wanted)).map(({ id, buyer }) => [buyer, id]));
      const unknown = wanted.filter((name) => !known.has(name)).sort(); // one order everywhere: nobody deadlocks
      if (unknown.length > 0) {
        // Another process may have made one meanwhile: the update returns that row too.
        const made = await prisma.$queryRaw<NamedBuyer[]>`
          INSERT INTO app_user (id, buyer, name)
          SELECT nextval('buyer_number'), wanted.buyer, '' FROM unnest(${unknown}::text[]) AS wanted (buyer)
          ON CONFLICT (buyer) DO UPDATE SET buyer = EXCLUDED.buyer RETURNING id, buyer`;
        for (const { id, buyer } of made) known.set(buyer, id);
      }
      return names.map((name) => {
        const id = known.get(name);
        if (id === undefined) throw new Error('PostgreSQL gave a buyer no number');
        return id;
      });
    },

    /** The number of a buyer; undefined where nobody has this name. */
    async findNumber(name: string): Promise<number | undefined> {
      const [row] = await find([name]);
      return row?.id;
    },

    /** The name of each number, in their order; undefined where it was forgotten. */
    async namesOf(numbers: readonly number[], database: Database = prisma): Promise<(string | undefined)[]> {
      const rows = await database.$queryRaw<{ id: number; buyer: string | null }[]>`
        SELECT id, buyer FROM app_user WHERE id = ANY(${[...numbers]}::int[])`;
      const names = new Map(rows.map(({ id, buyer }) => [id, buyer ?? undefined]));
      return numbers.map((number) => names.get(number));
    },

    /** Erases a buyer's name, and writes into the trail that a name was erased. @returns whether there was one */
    async forget(act: Act, name: string): Promise<boolean> {
      const forgotten = await trail.once(act, async (transaction) => {
        const [row] = await transaction.$queryRaw<{ id: number }[]>`
          UPDATE app_user SET buyer = NULL WHERE buyer = ${name} RETURNING id`;
        if (row !== undefined) await forgetInMessages(transaction, name);
        return row === undefined ? undefined : { after: { userId: row.id } };
      });
      return forgotten !== undefined;
    },
  };
}

/**
 * Deletes messages of webhooks with the name, which are made anew with another id. All versions are raised: a message
 * that was made before, and is being sent, is not stored any more.
 */
async function forgetInMessages(transaction: Prisma.TransactionClient, name: string): Promise<void> {
  const isIn = Prisma.sql`position(${JSON.stringify(name)} IN coalesce(message_body, '')) > 0`;
  await transaction.$executeRaw`
    UPDATE webhook SET version = version + 1,
      message_id = CASE WHEN ${isIn} THEN NULL ELSE message_id END,
      message_number = CASE WHEN ${isIn} THEN NULL ELSE message_number END,
      message_digest = CASE WHEN ${isIn} THEN NULL ELSE message_digest END,
      message_body = CASE WHEN ${isIn} THEN NULL ELSE message_body END`;
}

export type BuyerStore = ReturnType<typeof createBuyerStore>;
