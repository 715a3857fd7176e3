import type { Texts } from '../texts.ts';

export const pages: Texts['pages'] = {
  loadingEvent: 'Die Veranstaltung wird geladen',
  noEventToShow: 'Keine Plätze zu zeigen',
  eventLost: 'Die Veranstaltung konnte nicht geladen werden. Es wird erneut versucht.',
  moment: (date, time, zone) => `${date}, ${time} Uhr ${zone}`,
  refused: (code) => `Das wurde abgelehnt (${code}).`,
};
