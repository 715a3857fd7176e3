import { formatNumber } from '../../format.ts';
import type { Texts } from '../texts.ts';

const people = (count: number) => `${formatNumber(count)} ${count === 1 ? 'Person' : 'Personen'}`;

const UNITS = { minute: ['Minute', 'Minuten'], hour: ['Stunde', 'Stunden'] } as const;
const unit = (amount: string, name: 'minute' | 'hour') => UNITS[name][amount === '1' ? 0 : 1];

export const wait: Texts['wait'] = {
  waitingRoom: 'Warteraum',
  people,
  peopleAhead: (count) => `${people(count)} vor Ihnen`,
  ahead: (count) => (count === 1 ? 'Person vor Ihnen' : 'Personen vor Ihnen'),
  aheadTab: (count) => `${formatNumber(count)} vor Ihnen`,

  lessThanAMinute: 'weniger als eine Minute',
  aboutAnHour: 'etwa eine Stunde',
  about: (amount, name) => `etwa ${amount} ${unit(amount, name)}`,
  upTo: (amount, name) => `bis zu ${amount} ${unit(amount, name)}`,
  range: (from, fromName, to, toName) =>
    `${from}${fromName === toName ? '' : ` ${unit(from, fromName)}`} bis ${to} ${unit(to, toName)}`,

  headings: {
    open: 'Sie müssen nicht warten',
    before_sale: 'Sie sind früh dran',
    waiting: 'Sie stehen an',
    your_turn: 'Sie sind an der Reihe',
    turn_passed: 'Ihre Zeit ist abgelaufen',
    left: 'Sie haben die Schlange verlassen',
    sold_out: 'Ausverkauft',
    ended: 'Die Veranstaltung ist vorbei',
  },
  joining: 'Ihr Platz in der Schlange wird gesucht',
  unreachable: 'Der Warteraum ist nicht erreichbar',
  checking: 'Ihr Browser wird geprüft',
  refused: 'Kein Platz in der Schlange',

  logIn: 'Zum Anstehen anmelden',
  kept: 'Lassen Sie diese Seite offen, oder kehren Sie in diesem Browser zurück: Ihr Platz ist gespeichert.',
  notKept: 'Dieser Browser speichert keine Daten dieser Seite: Beim Neuladen ginge Ihr Platz verloren.',
  seeBookings: 'Ihre Buchungen ansehen',
  noLine: 'Zurzeit steht niemand an.',
  soldOut: 'Alle Plätze sind verkauft. Warten lohnt sich nicht mehr.',
  ended: 'Sie ist zu Ende oder wurde abgesagt: Es wird nichts mehr verkauft.',
  leftText: 'Ihr Platz ging an die nächste Person.',
  passedText: 'Sie haben die Zeit nicht genutzt. Sie ging an die nächste Person.',
  joinAgain: 'Erneut anstellen',
  task: 'Jeder Browser löst eine kleine Aufgabe, bevor er sich anstellt. Das dauert einige Sekunden.',
  workDone: 'Fortschritt der Aufgabe',
  untilSale: 'bis zum Verkaufsstart',
  timeUntilSale: 'Zeit bis zum Verkaufsstart',
  draw:
    'Zum Verkaufsstart werden die Plätze unter allen ausgelost, die hier sind. Früher zu kommen oder neu zu laden ' +
    'ändert nichts.',
  postponed: 'Der Verkauf wurde verschoben. Ihr Platz bleibt erhalten: Mit dem Verkaufsstart geht es weiter.',
  drawing: 'Ihr Platz wird ausgelost.',
  stopped: 'Zurzeit wird niemand eingelassen, denn es wird nichts gebucht. Ihr Platz bleibt erhalten.',
  paused: 'Pause',
  pausedText: 'Zurzeit wird niemand eingelassen. Alle behalten ihren Platz.',
  likelySoldOut: 'Wahrscheinlich ausverkauft',
  likelySoldOutText:
    'Die restlichen Plätze werden wahrscheinlich verkauft, bevor Sie an der Reihe sind. Sie können weiter anstehen: ' +
    'Freigegebene Plätze sind wieder verfügbar.',
  estimatedWait: 'Geschätzte Wartezeit',
  probably: (range) => `vermutlich ${range}`,
  place: 'Ihr Platz',
  neverChanges: 'er ändert sich nie',
  wayToFront: 'Ihr Weg nach vorn',
  timeToChoose: 'Verbleibende Zeit zum Auswählen',
  leftToChoose: 'bleiben, um Plätze auszuwählen',
  choose: 'Plätze auswählen',
  tryAgain: 'Erneut versuchen',
  lost: 'Keine Verbindung.',
  busy: 'Der Warteraum ist ausgelastet.',
  placeKept: 'Ihr Platz bleibt erhalten; es wird erneut versucht.',
  tryingAgain: 'Es wird erneut versucht.',
  leave: 'Schlange verlassen',
  giveUpQuestion: 'Ihren Platz endgültig aufgeben?',
  stay: 'Weiter anstehen',
  giveUp: 'Aufgeben',
  notLeft: 'Der Warteraum war nicht erreichbar: Sie stehen weiter an.',

  byFrontrow: 'Warteraum von Frontrow',
  timeToContinue: 'Verbleibende Zeit',
  leftToContinue: 'bleiben, um fortzufahren',

  announcePaused: 'Der Einlass ist unterbrochen',
  announceWait: (estimate) => `Geschätzte Wartezeit: ${estimate}`,
  announceLikelySoldOut: 'Wahrscheinlich ist vorher alles ausverkauft',

  offerSignal: 'Ton und Benachrichtigung, sobald ich an der Reihe bin',
  signalOn: 'Sie hören einen Ton, und sehen eine Benachrichtigung, wenn Sie gerade anderswo sind.',
  soundOnly: 'Sie hören einen Ton. Dieser Browser zeigt keine Benachrichtigungen dieser Seite.',
};
