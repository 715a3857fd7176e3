import { expect, test } from '@jest/globals';
import { collect, ExportTooLarge } from './export.ts';

const readerOf = (...sizes: number[]) => {
  const state = { isCancelled: false };
  const read = async () => {
    const size = sizes.shift();
    return size === undefined
      ? { done: true as const, value: undefined }
      : { done: false as const, value: new Uint8Array(size) };
  };
  const cancel = async () => {
    state.isCancelled = true;
  };
  return { state, read, cancel };
};

test('the parts of an export are collected, and counted', async () => {
  const counted: number[] = [];
  expect(await collect(readerOf(3, 4), (bytes) => counted.push(bytes), 10)).toHaveLength(2);
  expect(counted).toEqual([3, 7]);
});

test('an export that is larger than the bound is given up', async () => {
  const reader = readerOf(8, 3);
  await expect(collect(reader, () => {}, 10)).rejects.toThrow(ExportTooLarge);
  expect(reader.state.isCancelled).toBe(true);
});
