import { expect, test } from '@jest/globals';
import { steadyOrder } from './order.ts';

test('a list keeps its order: what is gone leaves it, and what is new follows', () => {
  expect(steadyOrder([3, 1, 2], [2, 4, 3])).toEqual([3, 2, 4]);
  expect(steadyOrder([], [2, 1])).toEqual([2, 1]);
});
