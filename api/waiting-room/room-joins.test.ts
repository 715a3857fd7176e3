import { expect, test } from '@jest/globals';
import { chainAfter, EMPTY_CHAIN, linkOfNonce } from '../../shared/domain/draw.ts';
import { createJoin } from './room-joins.ts';

type Store = Parameters<typeof createJoin>[0];

/** A line in memory. `later`: how many calls fail because the line must be restored first. */
function lineOf({ later = 0, drawn = true } = {}) {
  const places = new Map<number, number>();
  const spentIds = new Set<string>();
  const line = { joined: 0, calls: 0, chain: EMPTY_CHAIN };
  const store: Store = {
    async join(_line, visitors, link, spent = []) {
      line.calls += 1;
      if (line.calls <= later) return 'later';
      const repeated = spent.flatMap(({ id }, i) => (spentIds.has(id) ? [i] : []));
      if (repeated.length > 0) return { spent: repeated };
      for (const { id } of spent) spentIds.add(id);
      const [first, before] = [line.joined + 1, line.chain];
      line.joined += visitors;
      line.chain = chainAfter(before, link);
      return drawn ? { first, people: 0 } : { first, chain: { before, after: line.chain } };
    },
    placesOf: async (_line, users) => new Map([...places].filter(([user]) => users.includes(user))),
    async savePlaces(_line, wished) {
      for (const { userId, replaces, arrival } of wished) {
        if (places.get(userId) === replaces) places.set(userId, arrival);
      }
      return new Map(places);
    },
  };
  const room = { eventId: 1, generation: 1, state: undefined } as Parameters<typeof createJoin>[1];
  const join = createJoin(store, room);
  const ask = async (userId?: number, replaces?: number) => {
    const joined = await join({ nonce: `nonce of ${userId}`, userId, replaces });
    if (joined === 'spent') throw new Error('no challenge was shown');
    return joined;
  };
  const show = (id: string, userId?: number) =>
    join({ nonce: `nonce of ${id}`, userId, replaces: undefined, spent: { minute: 1, id } });
  return { line, ask, show };
}

test('visitors who join together share one call, and a user has one place however often they join', async () => {
  const { line, ask } = lineOf();
  const joined = await Promise.all([ask(), ask(7), ask(7), ask(), ask(8)]);
  expect(line).toMatchObject({ joined: 4, calls: 1 });
  expect(joined.map((one) => one?.arrival)).toEqual([1, 2, 2, 3, 4]);
  expect(joined.map((one) => one?.isNew)).toEqual([true, true, false, true, true]);
});

test('a challenge that gave a place before fails alone, also within a batch', async () => {
  const { line, show } = lineOf();
  const arrivalOf = (joined: Awaited<ReturnType<typeof show>>) =>
    typeof joined === 'object' ? joined.arrival : joined;
  const first = await Promise.all([show('a'), show('a'), show('b')]);
  expect(first.map(arrivalOf)).toEqual([1, 'spent', 2]);
  const second = await Promise.all([show('b'), show('c'), show('a'), show('d')]);
  expect(second.map(arrivalOf)).toEqual(['spent', 3, 'spent', 4]);
  expect(line).toMatchObject({ joined: 4, calls: 3 });
  // A user who has a place keeps it, and does not spend the shown challenge.
  expect([await show('e', 7), await show('f', 7), await show('f')].map(arrivalOf)).toEqual([5, 5, 6]);
});

test('a user keeps a place until it has ended, and gets a new one that replaces it', async () => {
  const { line, ask } = lineOf();
  await ask(7);
  expect(await ask(7)).toEqual({ arrival: 1, isNew: false });
  expect(line.joined).toBe(1);
  expect(await ask(7, 1)).toEqual({ arrival: 2, isNew: true });
});

test('a line that must be restored first takes visitors after that, or refuses them', async () => {
  expect(await lineOf({ later: 1 }).ask()).toEqual({ arrival: 1, isNew: true });
  await expect(lineOf({ later: 99 }).ask()).rejects.toThrow('the line of event 1 takes nobody');
});

test('before the draw each receipt proves that the nonce is in the link of its batch', async () => {
  const { line, ask } = lineOf({ drawn: false });
  const joined = await Promise.all([ask(), ask(7), ask(8)]);
  const receipts = joined.flatMap((one) => one?.receipt ?? []);
  expect(receipts).toHaveLength(3);
  for (const { nonce, path, link, chainBefore, chain } of receipts) {
    expect(linkOfNonce(nonce, path)).toBe(link);
    expect([chainBefore, chain]).toEqual([EMPTY_CHAIN, line.chain]);
  }
});
