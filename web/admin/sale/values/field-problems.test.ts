import { expect, test } from '@jest/globals';
import { fieldProblems, pathsAround } from './field-problems.ts';

test('each problem of a refusal has the path of its field', () => {
  expect(fieldProblems('name: must have a visible character; zones.0.rows: 1 to 10000: a number of rows')).toEqual([
    { path: 'name', message: 'must have a visible character' },
    { path: 'zones.0.rows', message: '1 to 10000: a number of rows' },
  ]);
});

test('a semicolon inside of a problem does not end it, and a path may be in quotes', () => {
  expect(fieldProblems('x: unknown field; did you mean y?; "categories.0.types.Kind (6)": Invalid input')).toEqual([
    { path: 'x', message: 'unknown field; did you mean y?' },
    { path: 'categories.0.types.Kind (6)', message: 'Invalid input' },
  ]);
});

test('a sentence that names no field is a problem of the whole', () => {
  expect(fieldProblems('A cancelled event stays cancelled.')).toEqual([
    { path: '', message: 'A cancelled event stays cancelled.' },
  ]);
});

test('a path is inside of others', () => {
  expect(pathsAround('zones.0.rows')).toEqual(['zones.0.rows', 'zones.0', 'zones']);
});
