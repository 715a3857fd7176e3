import { expect, test } from '@jest/globals';
import { repeatedName } from './repeated-name.ts';

test.each([
  ['{"count":1,"count":2}', 'count'],
  ['{"count":1,"count":1}', 'count'],
  ['{ "count" : 1 ,\n"zone":1,"count"\t:2}', 'count'],
  ['{"count":1,"\\u0063ount":2}', 'count'],
  ['{"zones":[{"rows":1},{"rows":1,"price":2,"rows":3}]}', 'rows'],
  ['{"a":{"b":1},"a":2}', 'a'],
  ['{"":1,"":2}', ''],
  ['{"__proto__":1,"__proto__":2}', '__proto__'],
])('%s repeats %s', (text, name) => {
  expect(repeatedName(text)).toBe(name);
});

test.each([
  '{}',
  '[]',
  '"count"',
  '5',
  '{"count":1,"zone":2}',
  '{"a":{"b":1},"c":{"b":1},"b":1}',
  '{"name":"count\\":1,\\"count","count":1}',
  '{"name":"name","label":"name: {\\"name\\": 1}"}',
  '{"seats":["count","count"],"count":"count"}',
  '{"name":"\\\\","count":1}',
  '[{"count":1},{"count":1}]',
])('%s repeats nothing', (text) => {
  expect(repeatedName(text)).toBeUndefined();
});
