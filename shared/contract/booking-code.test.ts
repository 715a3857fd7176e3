import { expect, test } from '@jest/globals';
import { codeOfBooking, idsOfCode } from './booking-code.ts';

test('a code leads to the ids that have it', () => {
  for (let i = 0; i < 1_000; i += 1) {
    const id = crypto.randomUUID();
    const code = codeOfBooking(id);
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){2}$/);
    const { first, last, end } = idsOfCode(code) ?? { first: '', last: '', end: '' };
    expect(first <= id && id <= last && id.endsWith(end)).toBe(true);
  }
});

test('a code is read as people write it', () => {
  const code = codeOfBooking('01934567-89ab-8000-8123-456789abcd10');
  const ids = idsOfCode(code);
  expect(ids).toEqual({
    first: '01934567-89ab-0000-0000-000000000000',
    last: '01934567-89ab-ffff-ffff-ffffffffffff',
    end: 'abcd10',
  });
  expect(idsOfCode(code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l'))).toEqual(ids);
});

test.each(['', 'ABCD', 'ABCDE-FGHJK-MNPQU', 'ABCDE-FGHJK-MNPQR-S', 'ZZZZZ-ZZZZZ-ZZZZZ', "'; DROP TABLE"])(
  '"%s" is no code',
  (text) => {
    expect(idsOfCode(text)).toBeUndefined();
  },
);
