import type { KeyView, Scope } from '../../contract/keys.ts';
import { MAX_KEYS } from '../../contract/limits.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import type { ApiKey } from '../../platform/prisma-client/client.ts';
import type { Act, TrailStore } from './trail.ts';

/** A key to be made. `digest`: of its secret. */
type MadeKey = { name: string; scopes: Scope[]; digest: string; expiresAt: Date | undefined };

export type StoredKey = KeyView & { digest: string };

/** A key's use by this process. */
export type KeyUse = { id: number; at: Date };

/** The keys of trusted servers in PostgreSQL: digests of their secrets, never the secrets. */
export function createKeyStore({ prisma, trail }: { prisma: PrismaClient; trail: Pick<TrailStore, 'once'> }) {
  return {
    /** All keys that are not revoked, also expired ones, the oldest first. */
    async list(): Promise<StoredKey[]> {
      const rows = await prisma.apiKey.findMany({ orderBy: { id: 'asc' }, take: MAX_KEYS });
      return rows.map((row) => ({ ...viewOf(row), digest: row.digest }));
    },

    /** Makes a key, and writes that into the trail. @returns undefined where there are `MAX_KEYS` */
    async make(act: Act, { name, scopes, digest, expiresAt }: MadeKey): Promise<KeyView | undefined> {
      let made: ApiKey | undefined;
      await trail.once(act, async (transaction) => {
        await transaction.$executeRaw`LOCK TABLE api_key IN SHARE ROW EXCLUSIVE MODE`; // so that none is made beyond
        if ((await transaction.apiKey.count()) >= MAX_KEYS) return undefined;
        made = await transaction.apiKey.create({ data: { name, scopes, digest, expiresAt: expiresAt ?? null } });
        return { after: viewOf(made) };
      });
      return made === undefined ? undefined : viewOf(made);
    },

    /** Removes a key, and writes that into the trail. @returns whether there was one */
    async revoke(act: Act, id: number): Promise<boolean> {
      const revoked = await trail.once(act, async (transaction) => {
        const [row] = await transaction.apiKey.findMany({ where: { id } });
        const { count } = await transaction.apiKey.deleteMany({ where: { id } });
        return row === undefined || count === 0 ? undefined : { before: viewOf(row), after: { revoked: true } };
      });
      return revoked !== undefined;
    },

    /** Stores when keys were last used. */
    async noteUses(uses: readonly KeyUse[]): Promise<void> {
      if (uses.length === 0) return;
      await prisma.$executeRaw`
        UPDATE api_key SET last_used_at = GREATEST(last_used_at, used.at)
        FROM unnest(
          ${uses.map(({ id }) => id)}::int[], ${uses.map(({ at }) => at.toISOString())}::timestamptz[]
        ) AS used (id, at)
        WHERE api_key.id = used.id`;
    },
  };
}

function viewOf({ id, name, scopes, createdAt, expiresAt, lastUsedAt }: ApiKey): KeyView {
  return {
    id,
    name,
    scopes: scopes as Scope[],
    createdAt: createdAt.toISOString(),
    ...(expiresAt !== null && { expiresAt: expiresAt.toISOString() }),
    ...(lastUsedAt !== null && { lastUsedAt: lastUsedAt.toISOString() }),
  };
}

export type KeyStore = ReturnType<typeof createKeyStore>;
