import { formatNumber } from '../../format.ts';

/** A request for seats, its hold, its payment, and the log-in. */
export const purchase = {
  savedRequest: 'Your request is saved: log in to continue.',
  gaveUp: 'If your request reached the server, its seats become available again when the hold expires.',

  wishAnywhere: (seats: string) => `${seats}, anywhere`,
  wishIn: (seats: string, where: string) => `${seats} in ${where}`,
  together: 'together',
  apart: 'perhaps apart',
  ofCategory: (category: string) => `of ${category}`,
  accessible: (count: number) => `${count} accessible`,
  aMoment: 'a moment',
  aboutSeconds: (seconds: number) => `about ${seconds} seconds`,
  aboutMinutes: (minutes: number) => `about ${minutes} minutes`,

  trouble: {
    lost: 'Connection lost.',
    busy: 'The server is busy.',
    broken: 'The server reported an error.',
  },
  tryingAgain: 'Trying again: nothing is booked twice.',

  sending: 'Sending your request',
  finding: 'Finding your seats',
  stopTrying: 'Stop trying',
  queued: 'Your request is in the queue',
  position: 'Position',
  wait: 'Wait',
  stopped: 'Booking is paused: nothing is being booked right now. Your request is kept.',
  mayReload: 'You may reload this page: your request is saved.',
  stay: 'This browser stores no data of this site: stay on this page.',

  held: 'Your order',
  timeLeft: 'Time left to pay',
  heldFor: 'Held for you for another',
  lastMinute: 'Less than a minute is left to pay.',
  pay: (total: string) => `Pay ${total}`,
  paying: 'Paying …',
  book: (seats: string) => `Book ${seats}`,
  booking: 'Booking …',
  moreTime: 'More time',
  releaseSeats: 'Release seats',
  total: 'Total',
  each: (price: string) => `${price} each`,
  changeQueued: 'Your change is in the queue.',
  changeQueuedLong: 'Your change is in the queue. The seats stay yours until it is done.',
  cannotExtend: 'The hold cannot be extended any further.',
  showOnPlan: 'Show on plan',

  bought: 'Your seats are booked',
  yourBookings: 'Your bookings',
  buyMore: 'Book more seats',

  ended: {
    CANCELLED: 'You have released the seats.',
    EXPIRED: 'The time to pay is over: your seats are no longer held.',
    RETURNED: 'The booking was returned: the seats are no longer yours.',
  },
  cleared: 'That booking no longer exists: the event’s bookings were cleared.',

  taken: (seats: string, count: number) => `${seats} ${count === 1 ? 'has' : 'have'} just been taken.`,
  yourRequest: (wish: string) => `Your request: ${wish}.`,
  nearlyTogether: 'Nearly together',
  takeApart: 'Take them apart',
  nearest: 'Nearest available seats',
  hold: (seats: string) => `Hold ${seats}`,
  withTotal: (act: string, total: string) => `${act} · ${total}`,
  alternatives: (count: number): string =>
    count === 1 ? 'There is 1 alternative.' : `There are ${count} alternatives.`,
  holdAgainIn: (duration: string) => `You can hold again in ${duration}.`,
  holdAgainNow: 'You can hold again now.',
  tryAgain: 'Try again',

  otherHolds: 'Your other holds',
  continueHold: 'Continue',

  yourTurn: 'Your turn:',
  leftToHold: 'left to hold seats.',
  timeToHold: 'Time left to hold seats',
  turnPassed: 'Your turn has passed: another request joins the line again.',
  lastMinuteToHold: 'Less than a minute is left to hold seats.',

  logInToHold: 'Log in to hold seats',
  logInToSee: 'Log in to see your bookings',
  email: 'E-mail',
  password: 'Password',
  logIn: 'Log in',
  loggingIn: 'Logging in …',
  notNow: 'Not now',
  loggedInAs: (name: string) => `Logged in as ${name}`,
  logOut: 'Log out',
  wrongPassword: 'Wrong e-mail or password.',
  bookedElsewhere: 'Booked on another device?',
  connectionLost: 'The connection was lost. Try again.',
  noLogIn: 'This page has no log-in: log in at the seller’s site.',

  /** Why nothing can be requested now. `when`: a moment with its time zone. */
  closed: {
    soldOut: 'Sold out',
    soldOutText: 'No seats are left.',
    held: (count: number) =>
      count === 1
        ? '1 seat is held by another buyer and may come back. This page offers it at once.'
        : `${formatNumber(count)} seats are held by other buyers and may come back. This page offers them at once.`,
    paused: 'Sales are paused',
    pausedText: 'Nothing is sold at the moment. This page opens by itself when the sale goes on.',
    before: 'Not on sale yet',
    opens: (when: string) => `The sale starts on ${when}.`,
    untilSale: 'Time until the sale starts',
    ended: 'This event is over',
    endedText: 'Nothing is sold any more.',
    cancelled: 'This event was cancelled',
    cancelledText: 'Nothing is sold any more. The organiser tells you about your money.',
    back: (seats: string) => `${seats} came back`,
    choose: 'Choose now',
  },
};
