import type { Texts } from '../texts.ts';

export const refusals: Texts['refusals'] = {
  EVENT_UNKNOWN: 'Diese Veranstaltung gibt es nicht.',
  BOOKING_UNKNOWN: 'Diese Buchung gibt es nicht, oder sie gehört nicht Ihnen.',
  SEAT_TAKEN: 'Dieser Platz wurde gerade vergeben.',
  SOLD_OUT: 'Dort ist nichts mehr frei.',
  NO_SEATS: 'Hier gibt es keine Plätze zu wählen: Dies ist ein Warteraum.',
  NO_ADJACENT_SEATS: 'Es gibt nicht genügend Plätze nebeneinander.',
  SEAT_RESTRICTED: 'Dieser Platz ist für Menschen, die einen barrierefreien Platz brauchen, und ihre Begleitung.',
  SINGLE_SEAT_LEFT: 'Diese Auswahl ließe einen einzelnen Platz zwischen vergebenen Plätzen. Bitte wählen Sie andere.',
  SEAT_LIMIT: 'Sie haben die Höchstzahl an Plätzen für eine Person erreicht.',
  HOLD_COOLDOWN: 'Sie haben mehrmals Plätze freigegeben.',
  HOLD_EXPIRED: 'Die Zeit zum Bezahlen ist abgelaufen: Ihre Plätze sind nicht mehr reserviert.',
  ALREADY_CONFIRMED: 'Diese Plätze sind schon gebucht.',
  ALREADY_CANCELLED: 'Diese Plätze wurden schon freigegeben.',
  ALREADY_RETURNED: 'Diese Buchung wurde zurückgegeben.',
  NOT_ON_SALE: 'Der Verkauf hat noch nicht begonnen.',
  SALES_PAUSED: 'Der Verkauf ist zurzeit unterbrochen.',
  EVENT_ENDED: 'Die Veranstaltung ist vorbei oder wurde abgesagt: Es wird nichts mehr verkauft.',
  UNAUTHENTICATED: 'Ihre Anmeldung ist abgelaufen. Bitte melden Sie sich erneut an.',
  FORBIDDEN: 'Das geht hier nicht. Bezahlen Sie auf der Seite des Verkäufers.',
  RATE_LIMITED: 'Zu viele Versuche. Bitte warten Sie einen Moment.',
};
