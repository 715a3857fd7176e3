import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chainAfter, commitmentOf, createLink, EMPTY_CHAIN, linkOfNonce } from './draw.ts';
import { createOrder } from './drawn-order.ts';

const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const order = (draw: Parameters<typeof createOrder>[0]) => {
  const positionOf = createOrder(draw);
  return Array.from({ length: draw.people }, (_, i) => positionOf(i + 1));
};

test('a draw gives every position once, however many people there are', () => {
  const sizes = fc.oneof(fc.constantFrom(1, 2, 3, 4, 5, 16, 17, 63, 64, 65, 1000, 4096, 4097), fc.nat(3_000));
  fc.assert(
    fc.property(
      hex,
      hex,
      sizes.map((n) => Math.max(1, n)),
      (seed, chain, people) => {
        expect(order({ seed, people, chain }).sort((a, b) => a - b)).toEqual(
          Array.from({ length: people }, (_, i) => i + 1),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('the order depends on the seed, on the chain and on how many people there are, and on nothing else', () => {
  const draw = { seed: '11'.repeat(32), people: 500, chain: '22'.repeat(32) };
  const drawn = order(draw);
  expect(order({ ...draw })).toEqual(drawn);
  expect(order({ ...draw, seed: '12'.repeat(32) })).not.toEqual(drawn);
  expect(order({ ...draw, chain: '23'.repeat(32) })).not.toEqual(drawn);
  expect(order({ ...draw, people: 501 }).slice(0, 500)).not.toEqual(drawn);
});

test('nobody is favoured: over many draws each arrival comes as often to each position', () => {
  const counts = Array.from({ length: 10 }, () => Array<number>(10).fill(0));
  const draws = 5_000;
  for (let i = 0; i < draws; i += 1) {
    const seed = createHash('sha256').update(String(i)).digest('hex');
    for (const [arrival, position] of order({ seed, people: 10, chain: EMPTY_CHAIN }).entries()) {
      const row = counts[arrival] as number[];
      row[position - 1] = (row[position - 1] ?? 0) + 1;
    }
  }
  // Chi squared over 81 degrees of freedom: beyond 145 by chance once in a hundred thousand times. The draws are fixed.
  const expected = draws / 10;
  const chi = counts.flat().reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
  expect(chi).toBeLessThan(145);
});

test('an arrival number that was not drawn has no position', () => {
  const positionOf = createOrder({ seed: '11'.repeat(32), people: 3, chain: EMPTY_CHAIN });
  for (const arrival of [0, 4, 1.5, Number.NaN]) expect(() => positionOf(arrival)).toThrow(RangeError);
});

test('the commitment fits one seed, and the chain fits one order of joins', () => {
  const seed = randomBytes(32).toString('hex');
  expect(commitmentOf(seed)).toBe(createHash('sha256').update(Buffer.from(seed, 'hex')).digest('hex'));
  const [first, second] = [createLink(['a', 'b']).link, createLink(['c']).link];
  expect(chainAfter(chainAfter(EMPTY_CHAIN, first), second)).not.toBe(
    chainAfter(chainAfter(EMPTY_CHAIN, second), first),
  );
  expect(first).not.toBe(createLink(['b', 'a']).link);
});

test('a receipt proves its own nonce, and no other', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 8 }), { minLength: 1, maxLength: 70 }),
      fc.nat(),
      (nonces, any) => {
        const { link, pathOf } = createLink(nonces);
        const mine = any % nonces.length;
        expect(linkOfNonce(nonces[mine] ?? '', pathOf(mine))).toBe(link);
        expect(linkOfNonce('another nonce', pathOf(mine))).not.toBe(link);
        expect(pathOf(mine).length).toBeLessThanOrEqual(Math.ceil(Math.log2(nonces.length)));
      },
    ),
  );
});

test('a published draw always gives the same order', () => {
  expect(order({ seed: '00'.repeat(32), people: 10, chain: EMPTY_CHAIN })).toMatchInlineSnapshot(`
[
  1,
  8,
  9,
  10,
  7,
  2,
  3,
  6,
  4,
  5,
]
`);
});
