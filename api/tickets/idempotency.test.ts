import type { IncomingMessage } from 'node:http';
import { expect, test } from '@jest/globals';
import type { Caller } from '../auth/identity.ts';
import { idempotencyOf } from './idempotency.ts';

const KEY = '0123456789abcdef';

const bindingOf = ({
  headers = { 'idempotency-key': KEY } as object,
  path = '/api/bookings',
  body = {},
  caller = {} as Caller,
} = {}) => idempotencyOf({ method: 'POST', headers } as unknown as IncomingMessage, path, body, caller);

const withKey = (key: string) => ({ headers: { 'idempotency-key': key } });

test('a key belongs to its caller: the same key of two callers leads to two tickets', () => {
  const callers: Caller[] = [{}, { userId: 1 }, { userId: 2 }, { isOperator: true }, { isOperator: true, userId: 1 }];
  const digests = callers.map((caller) => bindingOf({ caller })?.digest);
  expect(new Set(digests).size).toBe(callers.length);
  expect(bindingOf({ caller: { userId: 1 } })?.digest).toBe(digests[1]);
});

test('requests with the same key and different contents have different fingerprints', () => {
  const requests = [{}, { path: '/reserve' }, { body: { count: 2 } }];
  const fingerprints = requests.map((request) => bindingOf(request)?.fingerprint);
  expect(new Set(fingerprints).size).toBe(requests.length);
  expect(bindingOf()).toEqual(bindingOf());
});

test('a key of an unknown caller is too long to guess; without the header there is no binding', () => {
  expect(bindingOf({ headers: {} })).toBeUndefined();
  expect(() => bindingOf(withKey('short'))).toThrow('16 to 255 characters');
  expect(() => bindingOf(withKey('x'.repeat(256)))).toThrow('16 to 255 characters');
  expect(bindingOf({ ...withKey('a'), caller: { userId: 1, loggedIn: true } })).toBeDefined();
});
