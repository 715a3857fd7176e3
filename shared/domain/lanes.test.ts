import { expect, test } from '@jest/globals';
import { createLanes } from './lanes.ts';

/** Lanes with so many items each, which are named by their lane and number. */
function lanesOf(lengths: Record<string, number>) {
  const lanes = createLanes<string>();
  for (const [lane, length] of Object.entries(lengths))
    for (let i = 1; i <= length; i += 1) lanes.add(lane, `${lane}${i}`);
  return lanes;
}

test('one lane is a plain queue', () => {
  const lanes = lanesOf({ a: 5 });
  expect([lanes.take(3), lanes.take(3), lanes.take(3)]).toEqual([['a1', 'a2', 'a3'], ['a4', 'a5'], []]);
});

test('a short lane passes a long one, and each keeps its order', () => {
  const lanes = lanesOf({ a: 1_000, b: 2, c: 1 });
  expect(lanes.take(9)).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'c1', 'a4', 'a5', 'a6']);
  expect([lanes.size(), lanes.lengthOf('a'), lanes.lengthOf('b')]).toEqual([994, 994, 0]);
});

test('more lanes than items of a batch take turns', () => {
  const lanes = lanesOf({ a: 2, b: 2, c: 2 });
  expect([lanes.take(2), lanes.take(2), lanes.take(2)]).toEqual([
    ['a1', 'b1'],
    ['c1', 'a2'],
    ['b2', 'c2'],
  ]);
});
