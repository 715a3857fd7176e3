import type { ErrorCode } from '../contract/codes.ts';
import {
  type Alternative,
  doneOutcome,
  type Outcome,
  type Refusal,
  rejectedOutcome,
  type SeatRun,
  type TicketKind,
} from '../contract/tickets.ts';
import { type BookingDetails, type Prices, priceAt } from './booking-items.ts';
import { bookingView } from './booking-view.ts';
import { runOf, runsOf } from './house.ts';

/*
 * An outcome is text from the worker that writes it to the API that a client reads it from. A text has no line break.
 * It has one of three forms:
 *
 * - `B <event> <created> <expires> <user> <money> <label>...`: a booking under the ticket's own id, as it was claimed.
 *   Times are milliseconds since 1970. It is held where it expires, else sold; `-` where there is no end or no user.
 *   Money is the currency and the prices of its seats, or one for all: `EUR4900,5900`. Texts of before have none.
 * - `R <seats> <code> <detail>...`: a refusal by lua/claimSeats.lua, whose header describes the details. `seats`: how
 *   many the request wished.
 * - JSON of the outcome: all others, such as bookings with a reference, metadata or details of seats, refusals that
 *   offer seats with printed names (named-offers.ts), and those of versions before.
 */

/** An outcome as a worker settles it: its text, and the labels by which it is counted. */
export type WrittenOutcome = {
  kind: TicketKind;
  status: Outcome['status'];
  code: ErrorCode | undefined;
  text: string;
};

/** A claim of a ticket, as far as its outcome shows it. */
type Booked = {
  ticketId: string;
  eventId: number;
  userId?: number | undefined;
  seats: string[];
  reference?: string | undefined;
  metadata?: object | undefined;
  details?: BookingDetails | undefined;
};

/** Writes the outcome of a ticket whose claim was saved as it is. */
export function writeBooked(
  { ticketId, eventId, userId, seats, reference, metadata, details }: Booked,
  saved: Prices & { createdAt: Date; expiresAt: Date | null },
): WrittenOutcome {
  const { createdAt, expiresAt, prices, currency } = saved;
  if (reference !== undefined || metadata !== undefined || details !== undefined) {
    const facts = { id: ticketId, eventId, userId: userId ?? null, seats, details, ...saved };
    const status = expiresAt === null ? 'CONFIRMED' : 'PENDING';
    const own = { reference: reference ?? null, metadata: metadata ?? null };
    return writeOutcome(doneOutcome('book', bookingView({ ...facts, ...own, status })));
  }
  const times = `${createdAt.getTime()} ${expiresAt?.getTime() ?? '-'}`;
  const text = `B ${eventId} ${times} ${userId ?? '-'} ${currency}${prices.join(',')} ${seats.join(' ')}`;
  return { kind: 'book', status: 'booked', code: undefined, text };
}

/** Writes the outcome of a ticket that the claim script refused, with the details that the script gave. */
export const writeRefused = (seatCount: number, code: ErrorCode, details: readonly string[]): WrittenOutcome => ({
  kind: 'book',
  status: 'rejected',
  code,
  text: ['R', seatCount, code, ...details].join(' '),
});

/** Whether a refusal of the claim script offers other seats. */
export const hasOffers = ({ text }: WrittenOutcome): boolean => text.startsWith('R') && text.includes(':');

/** Writes any outcome. */
export const writeOutcome = (outcome: Outcome): WrittenOutcome => ({
  kind: outcome.kind,
  status: outcome.status,
  code: 'code' in outcome ? outcome.code : undefined,
  text: JSON.stringify(outcome),
});

/** The outcome of a ticket, by its text. */
export const readOutcome = (ticketId: string, text: string): Outcome => JSON.parse(jsonOf(ticketId, text)) as Outcome;

/** The JSON of the view of a settled ticket, rendered from the text of its outcome. */
export const settledView = (ticketId: string, text: string): string =>
  `{"ticketId":"${ticketId}",${jsonOf(ticketId, text).slice(1)}`;

function jsonOf(ticketId: string, text: string): string {
  if (text.startsWith('{')) return text;
  const [form, ...values] = text.split(' ');
  if (form === 'B') return jsonOfBooked(ticketId, values);
  if (form === 'R') return JSON.stringify(readRefused(values));
  throw new Error(`an outcome has no such form: ${text}`);
}

/** Spells the JSON of `bookingView` by hand: an API does this for each booking, and it takes two thirds of the time. */
function jsonOfBooked(ticketId: string, values: readonly string[]): string {
  const [eventId, createdMs, expiresMs, userId, money = '', ...labels] = values;
  const hasMoney = /^[A-Z]/.test(money);
  const seats = hasMoney ? labels : [money, ...labels];
  const run = runOf(seats);
  const user = userId === '-' ? '' : `"userId":${userId},`;
  const status = expiresMs === '-' ? 'CONFIRMED' : 'PENDING';
  const place =
    run === undefined
      ? `"runs":${JSON.stringify(runsOf(seats))},`
      : `"zone":${run.zone},"row":${run.row},"startIndex":${run.startIndex},`;
  const items = hasMoney ? jsonOfItems(seats, money) : '';
  const expiry = expiresMs === '-' ? '' : `,"expiresAt":"${isoTime(expiresMs)}"`;
  return (
    `{"kind":"book","status":"booked","booking":{"id":"${ticketId}","eventId":${eventId},${user}"status":"${status}",` +
    `${place}"seatsCount":${seats.length},"seats":["${seats.join('","')}"],${items}` +
    `"createdAt":"${isoTime(createdMs)}"${expiry}}}`
  );
}

/** Spells the JSON of `itemsOf`, with a comma behind. `money`: a currency of three letters and prices. */
function jsonOfItems(seats: readonly string[], money: string): string {
  const prices = money.slice(3).split(',').map(Number);
  let items = '';
  let total = 0;
  for (const [i, seat] of seats.entries()) {
    const price = priceAt(prices, i);
    total += price;
    items += `${i === 0 ? '' : ','}{"seat":"${seat}","price":${price}}`;
  }
  return `"items":[${items}],"total":${total},"currency":"${money.slice(0, 3)}",`;
}

const isoTime = (ms: string | undefined): string => new Date(Number(ms)).toISOString();

/** The beginning of a part of a split group, among the details of a refusal. */
const SPLIT_MARK = 's:';

function readRefused([seatCount, code, ...details]: readonly string[]): Outcome {
  const refusal: Refusal = { code: code as ErrorCode }; // the worker that wrote it knows the code
  const parts = details.filter((detail) => detail.startsWith(SPLIT_MARK));
  const places = details.filter((detail) => detail.includes(':') && !detail.startsWith(SPLIT_MARK));
  const [number] = details.filter((detail) => !detail.includes(':'));
  if (number !== undefined && code === 'NOT_ON_SALE') refusal.onSaleAt = isoTime(number);
  else if (number !== undefined && code === 'HOLD_COOLDOWN') refusal.holdAgainAt = isoTime(number);
  else if (number !== undefined) refusal.heldSeats = Number(number);
  if (places.length > 0) refusal.alternatives = places.map((place) => readAlternative(place, Number(seatCount)));
  if (parts.length > 0) refusal.split = parts.map(readPart);
  return rejectedOutcome('book', refusal);
}

function readPart(part: string): SeatRun {
  const [zone = 0, row = 0, startIndex = 0, seatsCount = 0] = part.slice(SPLIT_MARK.length).split(':').map(Number);
  return { zone, row, startIndex, seatsCount };
}

function readAlternative(place: string, seatCount: number): Alternative {
  const [zone = 0, row = 0, startIndex, seatsCount = seatCount] = place.split(':').map(Number);
  return { zone, row, ...(startIndex === undefined ? {} : { startIndex }), seatsCount };
}
