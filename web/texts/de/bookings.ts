import type { Texts } from '../texts.ts';

export const bookings: Texts['bookings'] = {
  title: 'Meine Buchungen',
  booking: 'Buchung',
  code: 'Buchungscode',
  qr: 'QR-Code, der zu dieser Buchung führt',
  print: 'Drucken',
  calendar: 'In den Kalender',
  open: 'Diese Buchung öffnen',
  toEvent: 'Zur Veranstaltung',
  toBookings: 'Alle meine Buchungen',
  loading: 'Ihre Buchungen werden geladen',
  none: 'Sie haben noch keine Buchungen.',
  more: 'Ältere Buchungen zeigen',
  here: 'Diese wurden in diesem Browser gebucht. Melden Sie sich an, um die anderer Geräte zu sehen.',
  failed: 'Ihre Buchungen konnten nicht geladen werden.',
  status: {
    PENDING: 'Noch nicht bezahlt: Die Plätze sind bis zur Bezahlung reserviert.',
    CONFIRMED: 'Gebucht',
    CANCELLED: 'Freigegeben: Diese Plätze gehören nicht Ihnen.',
    EXPIRED: 'Nicht rechtzeitig bezahlt: Diese Plätze gehören nicht Ihnen.',
    RETURNED: 'Zurückgegeben: Diese Plätze gehören nicht mehr Ihnen.',
  },
  cancelled: 'Diese Veranstaltung wurde abgesagt.',
};
