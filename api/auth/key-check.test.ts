import { expect, test } from '@jest/globals';
import { ApiError } from '../http/errors.ts';
import type { Key } from '../http/request-keys.ts';
import { createKeyCheck } from './key-check.ts';

const shop: Key = { id: 1, name: 'shop', scopes: new Set(), expiresAtMs: Number.POSITIVE_INFINITY };

/** A check whose process has read no key yet: `new` is valid once it reads. */
function openCheck() {
  const ring = {
    find: () => undefined,
    async findAfterRead(token: string): Promise<Key> {
      await new Promise((read) => setImmediate(read));
      if (token !== 'new') throw new ApiError('UNAUTHENTICATED');
      return shop;
    },
  };
  const counts = new Map<string, number>();
  const increment = (client: string) => {
    const totalHits = (counts.get(client) ?? 0) + 1;
    counts.set(client, totalHits);
    return { totalHits };
  };
  return createKeyCheck(ring, { increment });
}

const outcomes = async (checks: Promise<Key>[]) =>
  (await Promise.allSettled(checks)).map((one) => (one.status === 'fulfilled' ? one.value.name : one.reason.code));
const many = <T>(count: number, one: (i: number) => T) => Array.from({ length: count }, (_, i) => one(i));

test('a burst with a new key counts as one unknown key', async () => {
  const { keyOfToken } = openCheck();
  expect(new Set(await outcomes(many(1_000, () => keyOfToken('new', 'client'))))).toEqual(new Set(['shop']));
  const codes = await outcomes(many(100, (i) => keyOfToken(`guess ${i}`, 'client')));
  expect(codes.filter((code) => code === 'UNAUTHENTICATED')).toHaveLength(59);
  expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(41);
});

test('a wrong key that is sent again and again counts each time', async () => {
  const { keyOfToken } = openCheck();
  for (let i = 0; i < 60; i += 1)
    await expect(keyOfToken('wrong', 'client')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await expect(keyOfToken('wrong', 'client')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  await expect(keyOfToken('wrong', 'another')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});
