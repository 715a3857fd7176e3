import { z } from 'zod';

/** The earliest and the latest time that a request may contain: every clock, database and page supports them. */
const FIRST = '1970-01-01T00:00:00Z';
const LAST = '9999-12-31T23:59:59.999Z';

/** Whether this runtime's ICU knows the time zone. An offset (+01:00) has no summer time, so it is not a time zone. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false; // it threw a RangeError
  }
}

/** A time zone by its IANA name. */
export const timeZone = z.string().max(64).refine(isTimeZone, 'an IANA time zone, such as Europe/Berlin');

/** A time that a client sends: ISO 8601 with an offset from UTC. The bounds apply to every offset. */
export const moment = z.iso
  .datetime({ offset: true })
  .refine((text) => Date.parse(text) >= Date.parse(FIRST) && Date.parse(text) <= Date.parse(LAST), {
    message: `a time from ${FIRST} to ${LAST}`,
  });
