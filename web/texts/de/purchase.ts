import { formatNumber } from '../../format.ts';
import type { Texts } from '../texts.ts';

export const purchase: Texts['purchase'] = {
  savedRequest: 'Ihre Anfrage ist gespeichert: Melden Sie sich an, um fortzufahren.',
  gaveUp: 'Falls Ihre Anfrage ankam, werden die Plätze nach Ablauf der Reservierung wieder frei.',

  wishAnywhere: (seats) => `${seats}, irgendwo`,
  wishIn: (seats, where) => `${seats}: ${where}`,
  together: 'nebeneinander',
  apart: 'auch getrennt',
  ofCategory: (category) => `Kategorie ${category}`,
  accessible: (count) => `davon ${count} barrierefrei`,
  aMoment: 'einen Moment',
  aboutSeconds: (seconds) => `etwa ${seconds} Sekunden`,
  aboutMinutes: (minutes) => `etwa ${minutes} Minuten`,

  trouble: {
    lost: 'Keine Verbindung.',
    busy: 'Der Server ist ausgelastet.',
    broken: 'Der Server meldet einen Fehler.',
  },
  tryingAgain: 'Es wird erneut versucht; nichts wird doppelt gebucht.',

  sending: 'Ihre Anfrage wird gesendet',
  finding: 'Ihre Plätze werden gesucht',
  stopTrying: 'Nicht weiter versuchen',
  queued: 'Ihre Anfrage ist in der Warteschlange',
  position: 'Position',
  wait: 'Wartezeit',
  stopped: 'Zurzeit wird nichts gebucht. Ihre Anfrage bleibt gespeichert.',
  mayReload: 'Sie können die Seite neu laden: Ihre Anfrage ist gespeichert.',
  stay: 'Dieser Browser speichert keine Daten dieser Seite: Bleiben Sie hier.',

  held: 'Ihre Bestellung',
  timeLeft: 'Verbleibende Zeit zum Bezahlen',
  heldFor: 'Für Sie reserviert, noch',
  lastMinute: 'Es bleibt weniger als eine Minute zum Bezahlen.',
  pay: (total) => `${total} bezahlen`,
  paying: 'Wird bezahlt …',
  book: (seats) => `${seats} buchen`,
  booking: 'Wird gebucht …',
  moreTime: 'Mehr Zeit',
  releaseSeats: 'Plätze freigeben',
  total: 'Summe',
  each: (price) => `je ${price}`,
  changeQueued: 'Ihre Änderung ist in der Warteschlange.',
  changeQueuedLong: 'Ihre Änderung ist in der Warteschlange. Bis dahin bleiben die Plätze für Sie reserviert.',
  cannotExtend: 'Die Reservierung kann nicht weiter verlängert werden.',
  showOnPlan: 'Im Plan zeigen',

  bought: 'Ihre Plätze sind gebucht',
  yourBookings: 'Ihre Buchungen',
  buyMore: 'Weitere Plätze buchen',

  ended: {
    CANCELLED: 'Sie haben die Plätze freigegeben.',
    EXPIRED: 'Die Zeit zum Bezahlen ist abgelaufen: Ihre Plätze sind nicht mehr reserviert.',
    RETURNED: 'Die Buchung wurde zurückgegeben: Die Plätze gehören nicht mehr Ihnen.',
  },
  cleared: 'Diese Buchung gibt es nicht mehr: Die Buchungen der Veranstaltung wurden gelöscht.',

  taken: (seats, count) => `${seats} ${count === 1 ? 'wurde' : 'wurden'} gerade vergeben.`,
  yourRequest: (wish) => `Ihre Anfrage: ${wish}.`,
  nearlyTogether: 'Fast nebeneinander',
  takeApart: 'Getrennt nehmen',
  nearest: 'Nächste verfügbare Plätze',
  hold: (seats) => `${seats} reservieren`,
  withTotal: (act, total) => `${act} · ${total}`,
  alternatives: (count) => (count === 1 ? 'Es gibt 1 Alternative.' : `Es gibt ${count} Alternativen.`),
  holdAgainIn: (duration) => `Sie können in ${duration} wieder reservieren.`,
  holdAgainNow: 'Sie können jetzt wieder reservieren.',
  tryAgain: 'Erneut versuchen',

  otherHolds: 'Ihre anderen Reservierungen',
  continueHold: 'Fortsetzen',

  yourTurn: 'Sie sind an der Reihe:',
  leftToHold: 'bleiben, um Plätze zu reservieren.',
  timeToHold: 'Verbleibende Zeit zum Reservieren',
  turnPassed: 'Ihre Zeit ist abgelaufen: Eine weitere Anfrage stellt sich wieder an.',
  lastMinuteToHold: 'Es bleibt weniger als eine Minute, um Plätze zu reservieren.',

  logInToHold: 'Zum Reservieren anmelden',
  logInToSee: 'Anmelden, um Ihre Buchungen zu sehen',
  email: 'E-Mail',
  password: 'Passwort',
  logIn: 'Anmelden',
  loggingIn: 'Wird angemeldet …',
  notNow: 'Nicht jetzt',
  loggedInAs: (name) => `Angemeldet als ${name}`,
  logOut: 'Abmelden',
  wrongPassword: 'Falsche E-Mail-Adresse oder falsches Passwort.',
  bookedElsewhere: 'Auf einem anderen Gerät gebucht?',
  connectionLost: 'Die Verbindung ist abgebrochen. Versuchen Sie es noch einmal.',
  noLogIn: 'Diese Seite hat keine Anmeldung: Melden Sie sich auf der Seite des Verkäufers an.',

  closed: {
    soldOut: 'Ausverkauft',
    soldOutText: 'Es ist kein Platz mehr verfügbar.',
    held: (count) =>
      count === 1
        ? '1 Platz ist für jemand anderen reserviert und wird vielleicht frei. Diese Seite bietet ihn dann sofort an.'
        : `${formatNumber(count)} Plätze sind für andere reserviert und werden vielleicht frei. ` +
          'Diese Seite bietet sie dann sofort an.',
    paused: 'Der Verkauf ist unterbrochen',
    pausedText: 'Zurzeit wird nichts verkauft. Diese Seite öffnet sich von selbst, sobald es weitergeht.',
    before: 'Noch nicht im Verkauf',
    opens: (when) => `Der Verkauf beginnt am ${when}.`,
    untilSale: 'Zeit bis zum Verkaufsstart',
    ended: 'Diese Veranstaltung ist vorbei',
    endedText: 'Es wird nichts mehr verkauft.',
    cancelled: 'Diese Veranstaltung wurde abgesagt',
    cancelledText: 'Es wird nichts mehr verkauft. Der Veranstalter informiert Sie über Ihr Geld.',
    back: (seats) => `Wieder verfügbar: ${seats}`,
    choose: 'Jetzt auswählen',
  },
};
