import type { Texts } from '../texts.ts';

export const shell: Texts['shell'] = {
  locale: 'de-DE',
  events: 'Veranstaltungen',
  eventsAbout: 'Alle Veranstaltungen mit ihren Terminen und Plätzen.',
  myBookings: 'Meine Buchungen',
  waitingRoom: 'Warteraum',
  freeOfCharge: 'kostenlos',
  noPage: 'Diese Seite gibt es nicht',
  noPageWhy: 'Vielleicht ist die Adresse falsch geschrieben, oder es gibt die Seite nicht mehr.',
  noEvent: 'Diese Veranstaltung gibt es nicht',
  noEventWhy: 'Vielleicht ist die Adresse falsch geschrieben, oder die Veranstaltung wurde gelöscht.',
  toEvents: 'Alle Veranstaltungen ansehen',
  noScript: 'Diese Seite braucht JavaScript, das in diesem Browser ausgeschaltet ist.',
};
