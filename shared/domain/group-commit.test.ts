import { describe, expect, test } from '@jest/globals';
import { createGroupCommit } from './group-commit.ts';

/** A flush that ends when the test says so. */
function manual() {
  const batches: number[][] = [];
  const ends: { resolve: (results: number[]) => void; reject: (fault: Error) => void }[] = [];
  const commit = createGroupCommit<number, number>({
    flush: (batch) => {
      batches.push(batch);
      return new Promise((resolve, reject) => ends.push({ resolve, reject }));
    },
    maxItems: 3,
    maxWaiting: 5,
  });
  return { batches, ends, commit };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('group commit', () => {
  test('items added during a flush are flushed together in the next one', async () => {
    const { batches, ends, commit } = manual();
    const first = commit.add(1);
    await turn();
    const later = [commit.add(2), commit.add(3)];
    await turn();
    expect(batches).toEqual([[1]]);
    ends[0]?.resolve([10]);
    await turn();
    expect(batches).toEqual([[1], [2, 3]]);
    ends[1]?.resolve([20, 30]);
    expect(await Promise.all([first, ...later])).toEqual([10, 20, 30]);
  });

  test('batches and the number of waiting items are bounded', async () => {
    const { batches, ends, commit } = manual();
    const added = Array.from({ length: 6 }, (_, i) => commit.add(i));
    expect(added.map((item) => item === undefined)).toEqual([false, false, false, false, false, true]);
    await turn();
    expect(batches).toEqual([[0, 1, 2]]);
    ends[0]?.resolve([0, 1, 2]);
    await turn();
    expect(batches[1]).toEqual([3, 4]);
    ends[1]?.resolve([3, 4]);
    await commit.drained();
    expect(await Promise.all(added.slice(0, 5))).toEqual([0, 1, 2, 3, 4]);
  });

  test('lanes take turns in a batch, and one that is long leaves room for others', async () => {
    const batches: string[][] = [];
    const commit = createGroupCommit<string, string>({
      flush: async (batch) => {
        batches.push(batch);
        return batch;
      },
      maxItems: 4,
      maxWaiting: 10,
      laneOf: (item) => item[0],
    });
    const added = Array.from({ length: 10 }, (_, i) => commit.add(`a${i}`));
    expect(added.filter((item) => item !== undefined)).toHaveLength(8);
    const other = commit.add('b0');
    expect(await other).toBe('b0');
    expect(batches[0]).toEqual(['a0', 'a1', 'b0', 'a2']);
    await commit.drained();
  });

  test('a failed flush rejects the waiting items too, and later items are flushed again', async () => {
    const { ends, commit } = manual();
    const first = commit.add(1);
    await turn();
    const second = commit.add(2);
    const failed = Promise.all([first, second].map((item) => expect(item).rejects.toThrow('away')));
    ends[0]?.reject(new Error('away'));
    await failed;
    const third = commit.add(3);
    await turn();
    ends[1]?.resolve([3]);
    expect(await third).toBe(3);
  });
});
