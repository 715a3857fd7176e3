import { expect, test } from '@jest/globals';
import type { WebhookView } from '../../../shared/contract/webhooks.ts';
import { isLate, lagProblems, lagText } from './lag.ts';

const webhook = (status: string, changes: number, seconds: number) =>
  ({ status, description: 'Accounts', url: 'https://a', lag: { changes, seconds } }) as WebhookView;

test('an endpoint is late once its oldest change has waited for a minute, or it was stopped', () => {
  expect(isLate(webhook('ACTIVE', 9_000, 59))).toBe(false);
  expect(isLate(webhook('ACTIVE', 1, 61))).toBe(true);
  expect(isLate(webhook('DISABLED', 1, 999))).toBe(false);
  expect(isLate(webhook('STOPPED', 0, 0))).toBe(true);
});

test('a late endpoint is a problem that says how far it is behind', () => {
  expect(lagProblems([webhook('ACTIVE', 1_200, 180), webhook('ACTIVE', 1, 2)])).toEqual([
    'The webhook Accounts is behind: 1,200 changes, the oldest for 3 min.',
  ]);
  expect(lagText({ changes: 0, seconds: 0 } as WebhookView['lag'])).toBe('nothing to send');
});
