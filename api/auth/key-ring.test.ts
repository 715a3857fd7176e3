import { afterEach, expect, test } from '@jest/globals';
import { createLogger } from '../../shared/platform/logger.ts';
import { createLoops } from '../../shared/platform/loops.ts';
import type { KeyUse, StoredKey } from '../../shared/stores/postgres/keys.ts';
import { createKeyRing, digestOfKey } from './key-ring.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const secretOf = (name: string) => `frk_${name.padEnd(43, '_')}`;
const keyOf = (id: number, name: string, others: Partial<StoredKey> = {}): StoredKey => ({
  id,
  name,
  scopes: ['read'],
  createdAt: '2026-01-01T00:00:00.000Z',
  digest: digestOfKey(secretOf(name)),
  ...others,
});

/** A key ring on a store in memory, which counts its reads. */
async function openRing() {
  const store = { rows: [keyOf(1, 'shop')], reads: 0, isDown: false };
  const keys = {
    async list() {
      store.reads += 1;
      if (store.isDown) throw new Error('connection refused');
      return store.rows;
    },
    noteUses: async (_uses: readonly KeyUse[]) => undefined,
    make: async () => undefined,
    revoke: async () => false,
  };
  const log = createLogger({ LOG_LEVEL: 'silent' }, 'test');
  const loops = createLoops({ log });
  const ring = await createKeyRing({ keys, loops, log });
  closing.push(() => void ring.stop(), loops.close);
  return { ring, store };
}

test('a known key is found without a read', async () => {
  const { ring, store } = await openRing();
  for (let i = 0; i < 1_000; i += 1) expect(ring.find(secretOf('shop'))).toMatchObject({ id: 1, name: 'shop' });
  expect(ring.find(secretOf('shop').slice(0, -1))).toBeUndefined();
  expect(store.reads).toBe(1);
});

test('a thousand guesses share one read; a token of another form causes none', async () => {
  const { ring, store } = await openRing();
  const invalid = { code: 'UNAUTHENTICATED' };
  const guesses = Array.from({ length: 1_000 }, (_, i) => ring.findAfterRead(secretOf(`guess${i}`)));
  for (const result of await Promise.allSettled(guesses))
    expect(result).toMatchObject({ status: 'rejected', reason: invalid });
  expect(store.reads).toBe(2);
  for (const token of ['frk_', `${secretOf('shop')}x`, secretOf('sh.p')])
    await expect(ring.findAfterRead(token)).rejects.toMatchObject(invalid);
  expect(store.reads).toBe(2);
});

test('a key that another process made is found by a read, which begins after the request', async () => {
  const { ring, store } = await openRing();
  const guess = ring.findAfterRead(secretOf('guess'));
  store.rows.push(keyOf(2, 'new'));
  expect(await ring.findAfterRead(secretOf('new'))).toMatchObject({ id: 2 });
  await expect(guess).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('an expired key is invalid without a read', async () => {
  const { ring, store } = await openRing();
  store.rows.push(keyOf(2, 'old', { expiresAt: '2020-01-01T00:00:00.000Z' }));
  await ring.refresh();
  expect(ring.find(secretOf('old'))).toBeUndefined();
  expect([ring.isValid(1), ring.isValid(2), ring.isValid(3)]).toEqual([true, false, false]);
});

test('while the keys cannot be read, unknown ones are not refused as invalid', async () => {
  const { ring, store } = await openRing();
  store.isDown = true;
  await expect(ring.findAfterRead(secretOf('new'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(ring.find(secretOf('shop'))).toMatchObject({ id: 1 }); // read less than five seconds ago
});
