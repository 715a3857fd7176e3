import { expect, test } from '@jest/globals';
import { calendarFile } from './calendar.ts';

const entry = {
  id: '01934567-89ab-8000-8123-456789abcd10',
  url: 'https://tickets.example/bookings/1',
  name: 'Tosca, or: love; and \\ revenge',
  startsAt: '2027-01-01T19:00:00.000Z',
  endsAt: null,
  venue: null,
  note: 'Stalls, row A, seats 1–2\n37K3F-9QXM2-D0A4B',
  nowMs: Date.UTC(2026, 10, 30, 1, 2, 3),
};

test('a calendar file has the event in UTC, its text escaped, and lines that end as the format says', () => {
  expect(calendarFile(entry).split('\r\n')).toEqual([
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Frontrow//Bookings//EN',
    'BEGIN:VEVENT',
    'UID:01934567-89ab-8000-8123-456789abcd10@frontrow',
    'DTSTAMP:20261130T010203Z',
    'DTSTART:20270101T190000Z',
    'SUMMARY:Tosca\\, or: love\\; and \\\\ revenge',
    'DESCRIPTION:Stalls\\, row A\\, seats 1–2\\n37K3F-9QXM2-D0A4B',
    'URL:https://tickets.example/bookings/1',
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ]);
});

test('it has the end and the venue where they are known', () => {
  const file = calendarFile({ ...entry, endsAt: '2027-01-01T22:00:00.000Z', venue: 'Old Opera' });
  expect(file).toContain('\r\nDTEND:20270101T220000Z\r\n');
  expect(file).toContain('\r\nLOCATION:Old Opera\r\n');
});

test('a long line is folded at 75 octets, between characters', () => {
  const name = 'Ö'.repeat(90);
  const lines = calendarFile({ ...entry, name }).split('\r\n');
  for (const line of lines) expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(75);
  expect(lines.join('\r\n').replaceAll('\r\n ', '')).toContain(`SUMMARY:${name}\r\n`);
});
