import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { ApiError } from '../http/errors.ts';
import { refuseUpgrade, upgradeRefusalOf } from './upgrade-checks.ts';

const requestTo = (url: string) => ({ method: 'GET', url, headers: {} }) as IncomingMessage;
const open = { refusalOf: () => undefined, hasRoom: () => true };

test.each([
  ['/ws', open, undefined],
  ['/reserve', open, [409, 'INVALID_REQUEST']],
  ['/ws/1', open, [404, 'ROUTE_UNKNOWN']],
  ['/ws?token=secret', open, [400, 'INVALID_REQUEST']],
  ['/ws', { ...open, hasRoom: () => false }, [503, 'OVERLOADED']],
  ['/ws', { ...open, refusalOf: () => new ApiError('FORBIDDEN') }, [403, 'FORBIDDEN']],
])('the upgrade of %s is checked', (url, checks, expected) => {
  const refused = upgradeRefusalOf(requestTo(url), checks);
  expect(refused && [refused.status, refused.error.code]).toEqual(expected);
});

test('a refused upgrade gets a status, the supported version and a body with the code', async () => {
  const connection = new PassThrough();
  refuseUpgrade(connection, { status: 503, error: new ApiError('OVERLOADED', 'Full.') });
  const [head, body] = (await text(connection)).split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
  expect(head).toContain('sec-websocket-version: 13');
  expect(JSON.parse(body ?? '')).toEqual({ error: 'Full.', code: 'OVERLOADED' });
});
