/** Kinds of English. Each has short names for the zones of its part of the world (CET, EST, AEDT); others are GMT+1. */
const ENGLISH = ['en-GB', 'en-US', 'en-AU', 'en-IN', 'en-ZA', 'en-IE'];

/** The formats of moments in one zone. */
type Clock = Record<'date' | 'time' | 'seconds' | 'zone', Intl.DateTimeFormat>;

/** Clocks by zone: a page shows its event's, and an operator's page that of its browser. */
const clocks = new Map<string, Clock>();

function clockIn(asked: string): Clock {
  const known = clocks.get(asked);
  if (known !== undefined) return known;
  const timeZone = isKnown(asked) ? asked : 'UTC'; // this browser does not know the zone yet
  const minutes = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone } as const;
  const clock: Clock = {
    date: new Intl.DateTimeFormat('en-GB', {
      ...{ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' },
      timeZone,
    }),
    time: new Intl.DateTimeFormat('en-GB', minutes),
    seconds: new Intl.DateTimeFormat('en-GB', { ...minutes, second: '2-digit' }),
    zone: zoneFormatOf(timeZone),
  };
  clocks.set(asked, clock);
  return clock;
}

function isKnown(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }) !== undefined;
  } catch {
    return false; // it threw a RangeError
  }
}

/** The first English that has names for a zone, in winter and in summer. */
function zoneFormatOf(timeZone: string): Intl.DateTimeFormat {
  const formats = ENGLISH.map((locale) => new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'short' }));
  const hasNames = (format: Intl.DateTimeFormat) =>
    [0, 6].every((month) => !/\d/.test(nameOf(format, Date.UTC(2027, month, 1))));
  return formats.find(hasNames) ?? (formats[0] as Intl.DateTimeFormat);
}

const nameOf = (format: Intl.DateTimeFormat, atMs: number): string =>
  format.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';

/** A moment by the clocks of an event's zone: `Friday 1 January 2027 at 20:00 CET`. */
export function momentInWords(moment: string, timeZone: string): string {
  const [clock, atMs] = [clockIn(timeZone), Date.parse(moment)];
  return `${clock.date.format(atMs).replace(',', '')} at ${clock.time.format(atMs)} ${nameOf(clock.zone, atMs)}`;
}

/** The time of day by this browser's clock, or in another zone: `20:00:05 CET`. */
export function timeOf(atMs: number, timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone): string {
  const clock = clockIn(timeZone);
  return `${clock.seconds.format(atMs)} ${nameOf(clock.zone, atMs)}`;
}
