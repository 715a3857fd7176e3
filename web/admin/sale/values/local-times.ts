/** Formats by zone: to make one costs a hundred times its use. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for a zone that this browser does not know */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
  const format = new Intl.DateTimeFormat('en', { ...parts, second: '2-digit', hourCycle: 'h23', timeZone });
  formats.set(timeZone, format);
  return format;
}

export function isTimeZone(timeZone: string): boolean {
  try {
    return formatOf(timeZone) !== undefined;
  } catch {
    return false; // it threw a RangeError
  }
}

/** The clock of a zone at a moment, to the second: `2027-01-01T20:00:00`. */
function clockAt(atMs: number, timeZone: string): string {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? '';
  const date = `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`;
  return `${date}T${part('hour')}:${part('minute')}:${part('second')}`;
}

/** A moment as an input of date and time has it, by the clock of a zone: `2027-01-01T20:00`. */
export const localText = (moment: string, timeZone: string): string =>
  clockAt(Date.parse(moment), timeZone).slice(0, -3);

/** A moment in a table, by the clock of a zone that its heading names: `2027-01-01 20:00`. */
export const clockText = (moment: string, timeZone: string): string => localText(moment, timeZone).replace('T', ' ');

/**
 * The moment at which the clock of a zone shows this date and time; the earlier of two where clocks are set back.
 *
 * @returns undefined where no clock shows it: clocks are set forward over it, or it is no date
 */
export function momentOf(local: string, timeZone: string): string | undefined {
  const asUtcMs = Date.parse(`${local}Z`);
  if (Number.isNaN(asUtcMs) || !isTimeZone(timeZone)) return undefined;
  const offsets = [-1, 1].map((days) => {
    const nearMs = asUtcMs + days * 86_400_000;
    return Date.parse(`${clockAt(nearMs, timeZone)}Z`) - nearMs;
  });
  const shown = offsets
    .map((offsetMs) => asUtcMs - offsetMs)
    .filter((atMs) => clockAt(atMs, timeZone).startsWith(local));
  return shown.length === 0 ? undefined : new Date(Math.min(...shown)).toISOString();
}
