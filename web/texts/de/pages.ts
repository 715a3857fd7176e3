import type { Texts } from '../texts.ts';

export const pages: Texts['pages'] = {
  moment: (date, time, zone) => `${date}, ${time} Uhr ${zone}`,
  refused: (code) => `Das wurde abgelehnt (${code}).`,
};
