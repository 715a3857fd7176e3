import { expect, test } from '@jest/globals';
import { eventStatusAt } from './event-status.ts';

const NOW = Date.parse('2026-12-01T12:00:00Z');
const [BEFORE, AT, AFTER] = ['2026-12-01T11:59:59Z', '2026-12-01T12:00:00Z', '2026-12-01T12:00:01Z'];

test.each([
  ['ON_SALE', {}],
  ['ON_SALE', { onSaleAt: AT, endsAt: AFTER }],
  ['UPCOMING', { onSaleAt: AFTER }],
  ['UPCOMING', { onSaleAt: AFTER, salesPaused: true }],
  ['PAUSED', { onSaleAt: BEFORE, salesPaused: true }],
  ['ENDED', { endsAt: AT, salesPaused: true }],
  ['ENDED', { onSaleAt: AFTER, endsAt: BEFORE }],
] as const)('an event is %s with %j', (status, settings) => {
  const dated = { onSaleAt: null, endsAt: null, salesPaused: false, ...settings };
  expect(eventStatusAt(NOW, dated, null)).toBe(status);
  expect(eventStatusAt(NOW, dated, new Date(NOW))).toBe('CANCELLED');
});
