import { expect, test } from '@jest/globals';
import { clockText, isTimeZone, localText, momentOf } from './local-times.ts';

test.each([
  ['2027-01-01T20:00', 'Europe/Berlin', '2027-01-01T19:00:00.000Z'],
  ['2027-07-01T20:00', 'Europe/Berlin', '2027-07-01T18:00:00.000Z'],
  ['2027-01-02T00:30', 'Asia/Kolkata', '2027-01-01T19:00:00.000Z'],
  ['2027-03-14T01:59', 'America/New_York', '2027-03-14T06:59:00.000Z'],
  ['2027-03-14T03:00', 'America/New_York', '2027-03-14T07:00:00.000Z'],
  ['2027-01-01T19:00', 'UTC', '2027-01-01T19:00:00.000Z'],
])('%s in %s is %s, and back', (local, zone, moment) => {
  expect(momentOf(local, zone)).toBe(moment);
  expect(localText(moment, zone)).toBe(local);
});

test('of an hour that clocks show twice the first one counts', () => {
  expect(momentOf('2027-10-31T02:30', 'Europe/Berlin')).toBe('2027-10-31T00:30:00.000Z');
  expect(localText('2027-10-31T01:30:00Z', 'Europe/Berlin')).toBe('2027-10-31T02:30');
});

test('a time that no clock shows is none', () => {
  expect(momentOf('2027-03-28T02:30', 'Europe/Berlin')).toBeUndefined();
  expect(momentOf('', 'Europe/Berlin')).toBeUndefined();
  expect(momentOf('2027-01-01T20:00', 'Europe/Atlantis')).toBeUndefined();
});

test('a table has short times that sort', () => {
  expect(clockText('2027-01-01T19:00:00.000Z', 'Europe/Berlin')).toBe('2027-01-01 20:00');
});

test('a zone is one by its IANA name', () => {
  expect(['UTC', 'Europe/Berlin', 'Europe/Atlantis', ''].map(isTimeZone)).toEqual([true, true, false, false]);
});
