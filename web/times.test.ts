import { expect, test } from '@jest/globals';
import { momentText, timeOf } from './times.ts';

test.each([
  ['2027-01-01T19:00:00Z', 'Europe/Berlin', 'Friday, 1 January 2027 at 20:00 CET'],
  ['2027-07-01T18:00:00Z', 'Europe/Berlin', 'Thursday, 1 July 2027 at 20:00 CEST'],
  ['2027-07-01T18:00:00Z', 'Europe/London', 'Thursday, 1 July 2027 at 19:00 BST'],
  ['2027-03-14T06:59:00Z', 'America/New_York', 'Sunday, 14 March 2027 at 1:59 EST'],
  ['2027-03-14T07:00:00Z', 'America/New_York', 'Sunday, 14 March 2027 at 3:00 EDT'],
  ['2026-09-26T14:30:00Z', 'Pacific/Auckland', 'Sunday, 27 September 2026 at 3:30 NZDT'],
  ['2027-04-03T13:30:00Z', 'Pacific/Auckland', 'Sunday, 4 April 2027 at 2:30 NZDT'],
  ['2027-04-03T14:30:00Z', 'Pacific/Auckland', 'Sunday, 4 April 2027 at 2:30 NZST'],
  ['2027-01-01T19:00:00Z', 'Asia/Kolkata', 'Saturday, 2 January 2027 at 0:30 IST'],
  ['2027-01-01T19:00:00Z', 'Asia/Tokyo', 'Saturday, 2 January 2027 at 4:00 GMT+9'],
  ['2027-01-01T19:00:00Z', 'UTC', 'Friday, 1 January 2027 at 19:00 UTC'],
  ['2027-01-01T19:00:00Z', 'Europe/Atlantis', 'Friday, 1 January 2027 at 19:00 UTC'],
])('%s in %s is "%s"', (moment, zone, text) => {
  expect(momentText(moment, zone)).toBe(text);
});

test('a time of day has a zone, by default the one of the browser', () => {
  expect(timeOf(Date.UTC(2027, 0, 1, 19, 0, 5), 'America/New_York')).toBe('14:00:05 EST');
  expect(timeOf(Date.UTC(2027, 0, 1, 19, 0, 5))).toMatch(/^\d\d:00:05 \S+$/);
});
