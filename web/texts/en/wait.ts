import { formatNumber } from '../../format.ts';

const people = (count: number) => `${formatNumber(count)} ${count === 1 ? 'person' : 'people'}`;

/** The amounts of an estimated wait are texts: `5`, `1½`. */
const unit = (amount: string, name: 'minute' | 'hour') => (amount === '1' ? name : `${name}s`);

/** The waiting room. */
export const wait = {
  waitingRoom: 'Waiting room',
  people,
  peopleAhead: (count: number) => `${people(count)} ahead of you`,
  ahead: (count: number): string => (count === 1 ? 'person ahead of you' : 'people ahead of you'),
  aheadTab: (count: number) => `${formatNumber(count)} ahead`,

  lessThanAMinute: 'less than a minute',
  aboutAnHour: 'about an hour',
  about: (amount: string, name: 'minute' | 'hour') => `about ${amount} ${unit(amount, name)}`,
  upTo: (amount: string, name: 'minute' | 'hour') => `up to ${amount} ${unit(amount, name)}`,
  range: (from: string, fromName: 'minute' | 'hour', to: string, toName: 'minute' | 'hour') =>
    `${from}${fromName === toName ? '' : ` ${unit(from, fromName)}`} to ${to} ${unit(to, toName)}`,

  headings: {
    open: 'No need to wait',
    before_sale: 'You are early',
    waiting: 'You are in line',
    your_turn: 'It is your turn',
    turn_passed: 'Your turn has passed',
    left: 'You have left the line',
    sold_out: 'Sold out',
    ended: 'The event is over',
  },
  joining: 'Finding your place',
  unreachable: 'The waiting room cannot be reached',
  checking: 'Checking your browser',
  refused: 'No place in line',

  logIn: 'Log in to stand in line',
  kept: 'Keep this page open, or return to it in this browser: your place is saved.',
  notKept: 'This browser stores no data of this site: a reload would lose your place.',
  seeBookings: 'See what you have booked',
  noLine: 'There is no line at the moment.',
  soldOut: 'Every seat is sold and confirmed, so waiting is of no use.',
  ended: 'It has ended or was cancelled: nothing is sold any more.',
  leftText: 'Your place went to the next visitor in line.',
  passedText: 'You did not use it in time, so it went to the next visitor in line.',
  joinAgain: 'Join again',
  task: 'Each browser must solve a small task before it gets a place in line. It takes a few seconds.',
  workDone: 'Work done',
  untilSale: 'until the sale starts',
  timeUntilSale: 'Time until the sale starts',
  draw:
    'Places are drawn at random when the sale starts, among all visitors who are here. Arriving earlier or ' +
    'reloading makes no difference.',
  postponed: 'The sale has been postponed. You keep your place: turns begin again when the sale starts.',
  drawing: 'Your place is being drawn.',
  stopped: 'Nobody can be admitted at the moment: booking is paused. Your place is kept.',
  paused: 'Paused',
  pausedText: 'Nobody is admitted at the moment. Everybody keeps their place.',
  likelySoldOut: 'Likely sold out',
  likelySoldOutText:
    'The remaining seats will probably be sold before your turn. You may stay in line: released seats become ' +
    'available again.',
  estimatedWait: 'Estimated wait',
  probably: (range: string) => `probably ${range}`,
  place: 'Your place',
  neverChanges: 'it never changes',
  wayToFront: 'Your way to the front',
  timeToChoose: 'Time left to choose',
  leftToChoose: 'left to choose your seats',
  choose: 'Choose your seats',
  tryAgain: 'Try again',
  lost: 'Connection lost.',
  busy: 'The waiting room is busy.',
  placeKept: 'Your place is kept; trying again.',
  tryingAgain: 'Trying again.',
  leave: 'Leave the line',
  giveUpQuestion: 'Give up your place for good?',
  stay: 'Stay in line',
  giveUp: 'Give it up',
  notLeft: 'The waiting room could not be reached: you are still in line.',

  byFrontrow: 'Waiting room by Frontrow',
  timeToContinue: 'Time left to continue',
  leftToContinue: 'left to continue',

  announcePaused: 'Admission is paused',
  announceWait: (estimate: string) => `Estimated wait: ${estimate}`,
  announceLikelySoldOut: 'It will probably be sold out before your turn',

  offerSignal: 'Play a sound and show a notification when it is my turn',
  signalOn: 'You will hear a sound, and see a notification if you look at something else.',
  soundOnly: 'You will hear a sound. This browser shows no notifications of this site.',
};
