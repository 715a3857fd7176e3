/** Octets of a line at most: a longer one is folded (RFC 5545, section 3.1). */
const LINE_OCTETS = 75;

type Entry = {
  id: string;
  /** Of the page that has the booking. */
  url: string;
  name: string;
  startsAt: string;
  endsAt: string | null;
  venue: string | null;
  /** The seats, and the code. */
  note: string;
  nowMs: number;
};

/** A calendar file (RFC 5545) of one event that somebody has booked. */
export function calendarFile({ id, url, name, startsAt, endsAt, venue, note, nowMs }: Entry): string {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Frontrow//Bookings//EN',
    'BEGIN:VEVENT',
    `UID:${id}@frontrow`,
    `DTSTAMP:${utc(nowMs)}`,
    `DTSTART:${utc(Date.parse(startsAt))}`,
    ...(endsAt === null ? [] : [`DTEND:${utc(Date.parse(endsAt))}`]),
    `SUMMARY:${escaped(name)}`,
    ...(venue === null ? [] : [`LOCATION:${escaped(venue)}`]),
    `DESCRIPTION:${escaped(note)}`,
    `URL:${url}`,
    'END:VEVENT',
    'END:VCALENDAR',
  ];
  return lines.map((line) => `${folded(line)}\r\n`).join('');
}

/** `20270101T190000Z`. */
const utc = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;

const escaped = (text: string): string => text.replace(/[\\;,]/g, '\\$&').replaceAll('\n', '\\n');

/** A line in parts of at most so many octets, none of which splits a character. */
function folded(line: string): string {
  const parts: string[] = [''];
  let octets = 0;
  for (const character of line) {
    const size = new TextEncoder().encode(character).length;
    if (octets + size > LINE_OCTETS) {
      parts.push('');
      octets = 1; // the space that continues a line
    }
    parts[parts.length - 1] += character;
    octets += size;
  }
  return parts.join('\r\n ');
}
