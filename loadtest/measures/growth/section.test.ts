import { expect, test } from '@jest/globals';
import { sampleInTurn } from './section.ts';

test('sides are sampled in turn, every second round in reverse', async () => {
  const order: string[] = [];
  const side = (name: string) => async () => order.push(name);
  expect(await sampleInTurn(2, [side('a'), side('b')])).toEqual([
    [1, 4],
    [2, 3],
  ]);
  expect(order).toEqual(['a', 'b', 'b', 'a']);
});
