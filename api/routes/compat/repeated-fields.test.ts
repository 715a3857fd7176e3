import { expect, test } from '@jest/globals';
import { ApiError } from '../../http/errors.ts';
import { withRepeatedFields } from './repeated-fields.ts';

test('a refusal repeats zone, row and count as received, and no field that is not a single value', () => {
  const refusal = withRepeatedFields(new ApiError('INVALID_REQUEST'), { zone: 'x', row: null, count: [1] });
  expect(refusal).toMatchObject({ fields: { zone: 'x', row: null } });
  expect((refusal as ApiError).fields).not.toHaveProperty('count');
});

test('a fault that is no refusal stays as it is', () => {
  const fault = new Error('broken');
  expect(withRepeatedFields(fault, { zone: 1 })).toBe(fault);
});
