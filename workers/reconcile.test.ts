import { expect, test } from '@jest/globals';
import { splitByAge } from './reconcile.ts';

const SEAT = { zone: 1, row: 1, number: 1 };
const difference = (label: string, holder: string) => {
  const inRedis = { seat: SEAT, holder, status: 'HELD' as const };
  return { label, inRedis, inPostgres: undefined };
};
const split = (holder: string, recorded: [string, string | null][], nowMs: number) =>
  splitByAge([difference('1-1-1', holder)], new Map(recorded), { nowMs, minAgeMs: 100 });

test('a difference is due once it has been the same for long enough', () => {
  const first = split('anna', [], 1_000);
  expect(first.due).toEqual([]);
  const recorded: [string, string | null][] = Object.entries(first.records);
  expect(split('anna', recorded, 1_099)).toEqual({ due: [], records: first.records });
  expect(split('anna', recorded, 1_100)).toMatchObject({
    due: [{ label: '1-1-1', record: first.records['1-1-1'] }],
    records: first.records,
  });
});

test('a difference that has changed counts as new', () => {
  const { records } = split('anna', [], 1_000);
  const changed = split('ben', Object.entries(records), 2_000);
  expect(changed.due).toEqual([]);
  expect(split('ben', Object.entries(changed.records), 2_100).due).toHaveLength(1);
});
