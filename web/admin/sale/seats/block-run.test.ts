import { expect, test } from '@jest/globals';
import { errorOf, FrontrowError } from '../../../../client/src/error.ts';
import { changeSeats } from './block-run.ts';

const seats = (count: number) => Array.from({ length: count }, (_, i) => `1-1-${i + 1}`);

const taken = (...named: string[]) =>
  errorOf({ status: 409, headers: new Headers() }, { code: 'SEAT_TAKEN', seats: named });

test('many seats are changed in parts, and the progress counts them', async () => {
  const sizes: number[] = [];
  const reported: number[] = [];
  const send = async (part: readonly string[]) => sizes.push(part.length) && part.length - 1;
  const end = await changeSeats(seats(2_500), send, ({ done }) => reported.push(done));
  expect(sizes).toEqual([1_000, 1_000, 500]);
  expect(reported).toEqual([1_000, 2_000, 2_500]);
  expect(end).toEqual({ changed: 2_497, done: 2_500, total: 2_500, taken: [] });
});

test('seats that buyers take meanwhile are left out, and named', async () => {
  const sent: (readonly string[])[] = [];
  const send = async (part: readonly string[]) => {
    sent.push(part);
    if (part.includes('1-1-2')) throw taken('1-1-2');
    if (part.includes('1-1-3')) throw taken('1-1-3');
    return part.length;
  };
  expect(await changeSeats(seats(4), send, () => {})).toMatchObject({ changed: 2, taken: ['1-1-2', '1-1-3'] });
  expect(sent.at(-1)).toEqual(['1-1-1', '1-1-4']);
});

test('another fault ends it, after what was done is reported', async () => {
  const reported: number[] = [];
  let parts = 0;
  const send = async (part: readonly string[]) => {
    parts += 1;
    if (parts === 2) throw new Error('lost');
    return part.length;
  };
  await expect(changeSeats(seats(1_500), send, ({ changed }) => reported.push(changed))).rejects.toThrow('lost');
  expect(reported).toEqual([1_000]);
});

test('a part whose seats are taken again and again is given up', async () => {
  const send = async (part: readonly string[]) => {
    throw taken(part[0] ?? '');
  };
  await expect(changeSeats(seats(9), send, () => {})).rejects.toThrow(FrontrowError);
});
