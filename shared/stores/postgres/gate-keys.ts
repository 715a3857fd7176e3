import { statesOfKeys } from '../../domain/gate-keys.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import type { Prisma } from '../../platform/prisma-client/client.ts';
import type { Act, TrailStore } from './trail.ts';

/** A pair of keys of Ed25519 as a JWK (RFC 8037): `x` is the public half, `d` the private one. */
export type KeyPair = { kty: 'OKP'; crv: 'Ed25519'; x: string; d: string };

/** A key that signs admissions to sites, and when it was published, in milliseconds since 1970. */
export type GateKey = { id: string; pair: KeyPair; publishedMs: number };

/** Keys at most: one that signs, one that follows, and those whose tokens have not ended. */
const MAX_GATE_KEYS = 20;

/** The keys that sign admissions to sites, in PostgreSQL. There is always one. */
export function createGateKeyStore({ prisma, trail }: { prisma: PrismaClient; trail: Pick<TrailStore, 'once'> }) {
  return {
    /** All keys, the oldest first. */
    list: () => listKeys(prisma),

    /** Adds the first key of a system. It changes nothing where there is one. */
    async addFirst(key: GateKey): Promise<void> {
      await prisma.$transaction(async (transaction) => {
        await lock(transaction);
        if ((await transaction.gateKey.count()) === 0) await insert(transaction, key);
      });
    },

    /**
     * Publishes a new key, deletes those whose tokens have ended, and writes that into the trail.
     *
     * @returns whether it was published: not while another one waits for its first use, or there are too many
     */
    async publish(act: Act, key: GateKey): Promise<boolean> {
      const published = await trail.once(act, async (transaction) => {
        await lock(transaction);
        const keys = await listKeys(transaction);
        const states = statesOfKeys(keys, key.publishedMs);
        if (states.includes('published')) return undefined;
        const ended = endedAmong(keys, key.publishedMs);
        if (keys.length - ended.length >= MAX_GATE_KEYS) return undefined;
        await transaction.gateKey.deleteMany({ where: { id: { in: ended } } });
        await insert(transaction, key);
        return { after: { id: key.id } };
      });
      return published !== undefined;
    },

    /**
     * Withdraws a key at once, with all that it has signed, and writes that into the trail. Where it was the last one,
     * the replacement follows.
     *
     * @returns whether there was such a key
     */
    async withdraw(act: Act, id: string, replacement: GateKey): Promise<boolean> {
      const withdrawn = await trail.once(act, async (transaction) => {
        await lock(transaction);
        const keys = await listKeys(transaction);
        if (!keys.some((key) => key.id === id)) return undefined;
        // An ended key is in no cache any more: it must not sign again.
        const going = [id, ...endedAmong(keys, replacement.publishedMs)];
        await transaction.gateKey.deleteMany({ where: { id: { in: going } } });
        const isLast = (await transaction.gateKey.count()) === 0;
        if (isLast) await insert(transaction, replacement);
        return { before: { id }, after: isLast ? { id: replacement.id } : {} };
      });
      return withdrawn !== undefined;
    },
  };
}

export type GateKeyStore = ReturnType<typeof createGateKeyStore>;

/** The ids of the keys whose tokens have ended. */
function endedAmong(keys: readonly GateKey[], nowMs: number): string[] {
  const states = statesOfKeys(keys, nowMs);
  return keys.filter((_, i) => states[i] === 'ended').map(({ id }) => id);
}

async function listKeys(database: PrismaClient | Prisma.TransactionClient): Promise<GateKey[]> {
  const rows = await database.gateKey.findMany({ orderBy: [{ publishedAt: 'asc' }, { id: 'asc' }] });
  return rows.map(({ id, jwk, publishedAt }) => ({ id, pair: jwk as KeyPair, publishedMs: publishedAt.getTime() }));
}

/** Changes of keys wait for each other. */
const lock = (transaction: Prisma.TransactionClient) =>
  transaction.$executeRaw`LOCK TABLE gate_key IN SHARE ROW EXCLUSIVE MODE`;

const insert = (transaction: Prisma.TransactionClient, { id, pair, publishedMs }: GateKey) =>
  transaction.gateKey.create({ data: { id, jwk: pair, publishedAt: new Date(publishedMs) } });
