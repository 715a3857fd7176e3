import { expect, test } from '@jest/globals';
import { picksWithout, toggled } from './picks.ts';

const isFree = (label: string) => label !== '1-1-9';

test('a seat is picked and removed, and one that is not available or beyond the limit is refused with a notice', () => {
  const one = toggled({ seats: [] }, '1-1-1', isFree, 2);
  const two = toggled(one, '1-1-2', isFree, 2);
  expect(two).toEqual({ seats: ['1-1-1', '1-1-2'] });
  const refused = toggled(two, '1-1-3', isFree, 2);
  expect(refused).toEqual({ seats: two.seats, notice: { name: 'limit', most: 2 } });
  expect(toggled(refused, '1-1-1', isFree, 2)).toEqual({ seats: ['1-1-2'] });
  expect(toggled(one, '1-1-9', isFree, 2).notice).toEqual({ name: 'unavailable', seats: ['1-1-9'] });
});

test('seats that others have taken leave the choice with a notice; a choice without any stays as it is', () => {
  const picks = { seats: ['1-1-1', '1-1-9'] };
  expect(picksWithout(picks, (label) => !isFree(label))).toEqual({
    seats: ['1-1-1'],
    notice: { name: 'taken', seats: ['1-1-9'] },
  });
  expect(picksWithout(picks, () => false)).toBe(picks);
});
