// @ts-check
// The pages of the shop: HTML from the server, without a script.
import { randomUUID } from 'node:crypto';
import { html, money, page } from './html.js';

/** @import { Booking, EventSummary, EventView, FrontrowError, Order } from 'frontrow-client/server' */

const back = html`<p><a href="/">All events</a></p>`;

/**
 * @param {Pick<EventSummary, 'id' | 'name'>[]} events
 * @param {string[]} news
 */
export const eventsPage = (events, news) =>
  page(
    'Events',
    html`<ul>${events.map(({ id, name }) => html`<li><a href="/events/${id}">${name}</a>`)}</ul>
<h2>News</h2>
<ul>${news.map((line) => html`<li>${line}`)}</ul>`,
  );

/** @param {EventView} event */
export function eventPage({ id, name, zones, currency, counts, maxSeats }) {
  const options = zones.map(({ zone, name: zoneName, price, counts: { available } }) => {
    const words = `${zoneName ?? `Zone ${zone}`}: ${money(price, currency)}, ${available} free`;
    return html`<option value="${zone}">${words}`;
  });
  const form = html`<form method="post" action="/events/${id}/holds">
<input type="hidden" name="formKey" value="${randomUUID()}">
<p><label>Seats: <input name="count" type="number" min="1" max="${maxSeats}" value="2"></label>
<p><label>Zone: <select name="zone"><option value="">Any${options}</select></label>
<p><button>Hold the best seats</button></form>`;
  return page(name, html`<p>${counts.available} of ${counts.total} seats are free.</p>${form}${back}`);
}

/** Refusals that customers meet, in words. The others are told by their code. @type {Record<string, string>} */
const WORDS = {
  SOLD_OUT: 'No seats are left there.',
  NO_ADJACENT_SEATS: 'There are not enough seats side by side.',
  SEAT_TAKEN: 'Somebody else was faster.',
  SEAT_LIMIT: 'You have as many seats of this event as one customer may have.',
  HOLD_COOLDOWN: 'You gave several holds up. Please wait a little before the next one.',
  HOLD_EXPIRED: 'The time to pay was over, and others have the seats.',
  ALREADY_CONFIRMED: 'The seats were paid already.',
  NOT_ON_SALE: 'The sale has not started.',
  SALES_PAUSED: 'The sale is paused.',
  EVENT_ENDED: 'This event is over.',
  ADMISSION_REQUIRED: 'This event has a waiting room, which this small shop does not know.',
};

/**
 * Why something was refused, and buttons for the seats that are offered instead.
 *
 * @param {FrontrowError} refusal
 * @param {string} path that seats are held by
 */
export function refusalPage({ code, alternatives }, path) {
  const offers = alternatives.map(({ zone, row, startIndex, seatsCount, zoneName, rowLabel }) => {
    const fields = Object.entries({ formKey: randomUUID(), zone, row, start: startIndex, count: seatsCount });
    const inputs = fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
    const words = `Hold ${seatsCount} in ${zoneName ?? `zone ${zone}`}, row ${rowLabel ?? row}`;
    return html`<form method="post" action="${path}">${inputs}<p><button>${words}</button></form>`;
  });
  return page('That was not possible', html`<p>${WORDS[code] ?? `It was refused: ${code}.`}</p>${offers}${back}`);
}

export const failurePage = () =>
  page('Please try again', html`<p>Something failed. Load this page again: nothing is done twice.</p>${back}`);

/**
 * A hold, and what became of it and of its payment.
 *
 * @param {Booking} hold
 * @param {Order | undefined} order of its payment; undefined where the payment has not come
 * @param {boolean} [isPaying] its buyer comes from the checkout
 */
export function holdPage({ id, status, items = [], total = 0, currency = 'EUR', expiresAt }, order, isPaying = false) {
  const seats = items.map(({ seat, label, price }) => html`<li>Seat ${label ?? seat}: ${money(price, currency)}`);
  const bill = html`<ul>${seats}</ul><p>Total: ${money(total, currency)}</p>`;
  if (order?.status === 'REFUND_DUE' || order?.status === 'REFUNDED') {
    const given = money(order.refunded + (order.refundDue ?? 0), order.currency ?? currency);
    const words = html`<p>${WORDS[order.code ?? '']} ${given} of your payment is given back.</p>`;
    return page('There are no seats for your payment', html`${words}${back}`);
  }
  if (status === 'CONFIRMED') return page('These seats are yours', html`${bill}${back}`);
  if (isPaying) return page('Waiting for your payment', bill, { refresh: true });
  if (status !== 'PENDING') return page('This hold has ended', html`<p>Its seats are free again.</p>${back}`);
  const buttons = html`<form method="post" action="/holds/${id}/pay"><button>Pay</button></form>
<form method="post" action="/holds/${id}/cancel"><button>Give up</button></form>`;
  return page('Your seats are held', html`${bill}<p>Until ${expiresAt?.slice(11, 19)} UTC.</p>${buttons}`);
}
