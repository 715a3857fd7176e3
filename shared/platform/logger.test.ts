import { expect, test } from '@jest/globals';
import { createLogger, withoutValues } from './logger.ts';

test('a secret is not logged, at whatever depth', () => {
  const lines: string[] = [];
  const log = createLogger({ LOG_LEVEL: 'debug' }, 'test', { write: (line) => void lines.push(line) });
  const headers = { authorization: 'hidden', cookie: 'hidden', 'idempotency-key': 'hidden' };
  log.info({ password: 'hidden', token: 'hidden', ...headers, ticketId: 'shown' }, 'top');
  log.info({ req: { headers, body: { password: 'hidden', user: { secret: 'hidden', id: 'shown' } } } }, 'below');
  expect(lines.join()).not.toContain('hidden');
  expect(lines.every((line) => line.includes('shown'))).toBe(true);
});

test.each([
  ['Key (event_id, email)=(1, a@b.test (x)) already exists.', 'Key (event_id, email)=(...) already exists.'],
  ['Failing row contains (1, Anna\nBell, null).', 'Failing row contains (...).'],
  ['invalid input syntax for type uuid: "Anna"', 'invalid input syntax for type uuid: "..."'],
])('what PostgreSQL quotes of a row is not logged: %s', (said, logged) => {
  expect(withoutValues(`Raw query failed. Message: ${said}`)).toBe(`Raw query failed. Message: ${logged}`);
});
