import { expect, test } from '@jest/globals';
import { copyOf, systemProblem } from './system-record.ts';

const own = { id: '0d0c3e8a-1111-4111-8111-111111111111', shards: 2 };
const other = { id: '0d0c3e8a-2222-4222-8222-222222222222', shards: 2 };

test('a process of the system with its number of shards may work', () => {
  expect(systemProblem(2, own, copyOf(own))).toBeUndefined();
});

test('another number of shards, another system and a change that did not end are each refused in one line', () => {
  expect(systemProblem(6, own, copyOf(own))).toContain('SHARDS=6 here, but this system has 2: set SHARDS=2.');
  expect(systemProblem(2, own, copyOf(other))).toContain('belong to different systems');
  expect(systemProblem(6, own, copyOf(other))).toContain('belong to different systems');
  expect(systemProblem(2, own, copyOf({ ...own, shards: 1 }))).toContain('is 2 in PostgreSQL and 1 in Redis');
  for (const problem of [systemProblem(6, own, copyOf(own)), systemProblem(2, own, copyOf(other))])
    expect(problem).not.toContain('\n');
});

test('while one store cannot be read, the other one decides', () => {
  expect(systemProblem(6, own, undefined)).toContain('set SHARDS=2.');
  expect(systemProblem(6, undefined, copyOf(own))).toContain('set SHARDS=2.');
  expect(systemProblem(2, own, undefined)).toBeUndefined();
  expect(systemProblem(2, undefined, copyOf(own))).toBeUndefined();
  expect(systemProblem(2, undefined, undefined)).toBeUndefined();
});
