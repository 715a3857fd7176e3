import { locale } from './texts/locale.ts';
import { texts } from './texts/texts.ts';

/** Locales that have short names for the zones of their part of the world (CET, EST, AEDT); other zones are GMT+1. */
const NAMING = ['en-GB', 'en-US', 'en-AU', 'en-IN', 'en-ZA', 'en-IE'];

/** The formats of one zone and locale. */
type ZoneFormats = Record<'date' | 'time' | 'seconds' | 'zone', Intl.DateTimeFormat>;

/** Formats by the locale and the name of the zone. */
const formatsByZone = new Map<string, ZoneFormats>();

function formatsOf(zone: string): ZoneFormats {
  const key = `${locale} ${zone}`;
  const cached = formatsByZone.get(key);
  if (cached !== undefined) return cached;
  const timeZone = isKnown(zone) ? zone : 'UTC'; // an old browser may not know a new zone
  const ownLocale = locale === 'en' ? 'en-GB' : locale;
  const day = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', timeZone } as const;
  const time = { hour: 'numeric', minute: '2-digit', timeZone } as const;
  const formats: ZoneFormats = {
    date: new Intl.DateTimeFormat(ownLocale, day),
    time: new Intl.DateTimeFormat(ownLocale, time),
    seconds: new Intl.DateTimeFormat('en-GB', { ...time, second: '2-digit', hourCycle: 'h23', hour: '2-digit' }),
    zone: zoneFormatOf(timeZone),
  };
  formatsByZone.set(key, formats);
  return formats;
}

function isKnown(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }) !== undefined;
  } catch {
    return false; // it threw a RangeError
  }
}

/** The format of the first locale that has names for a zone, in winter and in summer: the page's own first. */
function zoneFormatOf(timeZone: string): Intl.DateTimeFormat {
  const locales = locale.startsWith('en') ? NAMING : [locale, ...NAMING];
  const formats = locales.map((tag) => new Intl.DateTimeFormat(tag, { timeZone, timeZoneName: 'short' }));
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
  return texts.pages.moment(date.format(atMs), time.format(atMs), nameOf(zone, atMs));
}

/** The time of day in this browser's zone, or in another, for operators: `20:00:05 CET`. */
export function timeOf(atMs: number, timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone): string {
  const { seconds, zone } = formatsOf(timeZone);
  return `${seconds.format(atMs)} ${nameOf(zone, atMs)}`;
}
