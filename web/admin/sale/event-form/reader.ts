import type { FieldProblem } from '../values/field-problems.ts';
import { isTimeZone, momentOf } from '../values/local-times.ts';
import { amountProblem, minorOf } from '../values/money.ts';

/** Reads texts of a form. A text that cannot be read is a problem of its field, and is left out. */
export function createReader() {
  const problems: FieldProblem[] = [];

  function refuse(path: string, message: string): undefined {
    problems.push({ path, message });
  }

  return {
    problems: problems as readonly FieldProblem[],
    refuse,

    money(path: string, text: string, currency: string): number | undefined {
      return minorOf(text, currency) ?? refuse(path, amountProblem(currency));
    },

    whole(path: string, text: string): number | undefined {
      return /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : refuse(path, 'a whole number');
    },

    /** Seconds of a text of minutes. */
    seconds(path: string, text: string): number | undefined {
      const seconds = Number(text.trim().replace(',', '.')) * 60;
      const isTime = text.trim() !== '' && Number.isFinite(seconds) && seconds > 0;
      return isTime ? Math.round(seconds) : refuse(path, 'a number of minutes, such as 10');
    },

    timeZone(path: string, name: string): string | undefined {
      return isTimeZone(name) ? name : refuse(path, 'an IANA time zone, such as Europe/Berlin');
    },

    /** A moment of a date and time by the clock of a zone; null where there is none. */
    moment(path: string, local: string, timeZone: string): string | null | undefined {
      if (local === '') return null;
      if (!isTimeZone(timeZone)) return undefined; // that is a problem of the zone
      return momentOf(local, timeZone) ?? refuse(path, `no clock in ${timeZone} shows this time`);
    },
  };
}

export type Reader = ReturnType<typeof createReader>;
