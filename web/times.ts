/** Locales that have short names for the zones of their part of the world (CET, EST, AEDT); other zones are GMT+1. */
const ENGLISH = ['en-GB', 'en-US', 'en-AU', 'en-IN', 'en-ZA', 'en-IE'];

/** The formats of one zone. */
type ZoneFormats = Record<'date' | 'time' | 'seconds' | 'zone', Intl.DateTimeFormat>;

/** Formats by the name of the zone. */
const formatsByZone = new Map<string, ZoneFormats>();

function formatsOf(zone: string): ZoneFormats {
  const cached = formatsByZone.get(zone);
  if (cached !== undefined) return cached;
  const timeZone = isKnown(zone) ? zone : 'UTC'; // an old browser may not know a new zone
  const minutes = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone } as const;
  const day = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', timeZone } as const;
  const formats: ZoneFormats = {
    date: new Intl.DateTimeFormat('en-GB', day),
    time: new Intl.DateTimeFormat('en-GB', minutes),
    seconds: new Intl.DateTimeFormat('en-GB', { ...minutes, second: '2-digit' }),
    zone: zoneFormatOf(timeZone),
  };
  formatsByZone.set(zone, formats);
  return formats;
}

function isKnown(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }) !== undefined;
  } catch {
    return false; // it threw a RangeError
  }
}

/** The format of the first locale that has names for a zone, in winter and in summer. */
function zoneFormatOf(timeZone: string): Intl.DateTimeFormat {
  const formats = ENGLISH.map((locale) => new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'short' }));
  const hasNames = (format: Intl.DateTimeFormat) =>
    [0, 6].every((month) => !/\d/.test(nameOf(format, Date.UTC(2027, month, 1))));
  return formats.find(hasNames) ?? (formats[0] as Intl.DateTimeFormat);
}

const nameOf = (format: Intl.DateTimeFormat, atMs: number): string =>
  format.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';

/** A moment in an event's zone: `Friday 1 January 2027 at 20:00 CET`. */
export function momentText(moment: string, timeZone: string): string {
  const { date, time, zone } = formatsOf(timeZone);
  const atMs = Date.parse(moment);
  return `${date.format(atMs).replace(',', '')} at ${time.format(atMs)} ${nameOf(zone, atMs)}`;
}

/** The time of day in this browser's zone, or in another: `20:00:05 CET`. */
export function timeOf(atMs: number, timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone): string {
  const { seconds, zone } = formatsOf(timeZone);
  return `${seconds.format(atMs)} ${nameOf(zone, atMs)}`;
}
