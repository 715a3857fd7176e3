// @ts-check
// A shop on Frontrow. It keeps nothing that a restart could lose: a cookie names the customer, Frontrow has the holds
// and the orders, and the payment provider knows which hold each payment is for.
import { createHash, randomUUID } from 'node:crypto';
import express from 'express';
import { createServerClient, FrontrowError, verifyWebhook } from 'frontrow-client/server';
import { eventPage, eventsPage, failurePage, holdPage, refusalPage } from './pages.js';

const { FRONTROW_KEY: key, WEBHOOK_SECRET: secret, FRONTROW_URL: baseUrl = 'http://127.0.0.1:3000' } = process.env;
const { PORT = '4000', PAYMENTS_URL = 'http://127.0.0.1:4001' } = process.env;
if (!key || !secret) {
  console.error('Set FRONTROW_KEY and WEBHOOK_SECRET: README.md says how to make them.');
  process.exit(1);
}
const frontrow = createServerClient({ baseUrl, key });
const soon = () => ({ signal: AbortSignal.timeout(20_000) }); // nobody waits longer, though the client would repeat

/**
 * Asks the payment provider. @returns undefined where it refuses
 *
 * @param {string} path @param {object} [body]
 */
async function provider(path, body) {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(PAYMENTS_URL + path, { ...soon(), ...(body && post) });
  if (answer.status >= 500) throw new Error(`the payment provider answered ${answer.status}`);
  if (answer.ok) return /** @type {Promise<Record<string, any>>} */ (answer.json());
  console.error(`The payment provider refused ${path}: ${await answer.text()}`);
}

/**
 * Gives back what is due of an order. It may run again, and twice at once: each refund has a key, there and here.
 *
 * @param {string} orderId
 */
async function giveBack(orderId) {
  for (;;) {
    const { paymentReference, refundDue, refunded } = await frontrow.orders.get(orderId, soon());
    if (!refundDue) return;
    const refundKey = `refund-${orderId}-${refunded}`;
    const refund = await provider('/refunds', { payment: paymentReference, amount: refundDue, key: refundKey });
    if (refund === undefined) return; // a person has to see to it: GET /api/orders?status=REFUND_DUE lists it
    await frontrow.orders.refunded(orderId, { amount: refund.amount }, { key: refundKey, ...soon() });
  }
}

const app = express().disable('x-powered-by');

/** The latest changes: what happened, by the id of the change. @type {Map<string, string>} */
const news = new Map();

// Frontrow's webhook: a message comes again until this answers 2xx, and a change may come twice.
app.post('/frontrow', express.raw({ type: 'application/json', limit: '1mb' }), async (req, res) => {
  const { data } = await verifyWebhook(secret, req.headers, req.body); // the raw body is what was signed
  for (const change of data.filter(({ id }) => !news.has(id))) {
    if (change.type === 'order.refund_due') await giveBack(change.data.order.id);
    const seats = change.type === 'booking.confirmed' ? `: seats ${change.data.booking.seats.join(', ')}` : '';
    news.set(change.id, `${change.at} ${change.type} in event ${change.eventId}${seats}`);
    console.log(news.get(change.id));
  }
  for (const id of [...news.keys()].slice(0, -100)) news.delete(id);
  res.sendStatus(204);
});

// The provider's notification: it comes again until this answers 2xx, perhaps twice, perhaps late. It has only the id
// of a payment, which is read from the provider. So a forged one does nothing.
app.post('/payments', express.json(), async (req, res) => {
  const payment = await provider(`/payments/${encodeURIComponent(req.body?.id)}`);
  if (payment?.status === 'paid') {
    const { id: paymentReference, reference: holdId, amount, currency } = payment;
    try {
      await frontrow.orders.pay({ bookingIds: [holdId], paymentReference, amount, currency }, soon());
    } catch (fault) {
      if (!(fault instanceof FrontrowError) || fault.problem.order === undefined) throw fault;
      await giveBack(fault.problem.order.id); // this money cannot become seats
    }
  }
  res.sendStatus(204);
});

// Customers. Their cookie is secret, and the name of the buyer is not.
app.use(express.urlencoded({ limit: '10kb' }), (req, res, next) => {
  const cookie = /(?:^|; )customer=([\da-f-]{36})(?:;|$)/.exec(req.headers.cookie ?? '')?.[1] ?? randomUUID();
  res.cookie('customer', cookie, { httpOnly: true, sameSite: 'lax', maxAge: 30 * 86_400_000 });
  res.locals.buyer = `customer ${createHash('sha256').update(cookie).digest('hex').slice(0, 32)}`;
  next();
});

app.get('/', async (_req, res) => {
  const events = [];
  for await (const event of frontrow.events.list(soon())) if (events.push(event) === 100) break;
  res.send(eventsPage(events, [...news.values()].reverse()));
});

app.get('/events/:event', async (req, res) => {
  res.send(eventPage(await frontrow.event(Number(req.params.event), soon())));
});

// Each form has a key of its own: sent twice, it holds once.
app.post('/events/:event/holds', async (req, res) => {
  const { count, zone, row, start, formKey } = req.body ?? {};
  const given = Object.entries({ count, zone, row, start }).filter(([, text]) => text);
  const wish = Object.fromEntries(given.map(([name, text]) => [name, Number(text)]));
  const request = { eventId: Number(req.params.event), buyer: res.locals.buyer, ...wish };
  const ticket = await frontrow.book(request, { key: `${formKey} ${JSON.stringify(wish)}`, ...soon() });
  const { id } = await ticket.outcome(soon());
  res.redirect(303, `/holds/${id}`);
});

app.param('hold', async (_req, res, next, id) => {
  res.locals.hold = /^[\da-f-]{36}$/.test(id) ? await frontrow.booking(id, soon()) : undefined;
  next(res.locals.hold?.buyer === res.locals.buyer ? undefined : 'route'); // of others: as if there were none
});

app.get('/holds/:hold', async (req, res) => {
  const { hold } = res.locals;
  const payment = req.query.payment && String(req.query.payment); // the customer comes from the checkout
  const orders = payment ? frontrow.orders.list({ paymentReference: payment, eventId: hold.eventId }, soon()) : [];
  for await (const { order } of orders) if (order?.bookingIds.includes(hold.id)) return res.send(holdPage(hold, order));
  res.send(holdPage(hold, undefined, payment !== undefined));
});

app.post('/holds/:hold/pay', async (req, res) => {
  const { id, status, total, currency } = res.locals.hold;
  const returnUrl = `http://${req.headers.host}/holds/${id}`;
  const notifyUrl = `http://127.0.0.1:${PORT}/payments`;
  const wanted = { amount: total, currency, reference: id, returnUrl, notifyUrl };
  const payment = status === 'PENDING' ? await provider('/payments', wanted) : undefined;
  res.redirect(303, payment?.checkoutUrl ?? returnUrl);
});

app.post('/holds/:hold/cancel', async (_req, res) => {
  const { id, eventId, buyer } = res.locals.hold;
  await frontrow.cancel(id, { buyer, ...soon() });
  res.redirect(303, `/events/${eventId}`);
});

/** @type {import('express').ErrorRequestHandler} */
const explain = (fault, req, res, _next) => {
  const isRefusal = fault instanceof FrontrowError && !fault.isTemporary;
  if (isRefusal && res.locals.buyer) return void res.status(409).send(refusalPage(fault, req.path));
  console.error(fault);
  res.status(fault.code === 'SIGNATURE_INVALID' ? 401 : (fault.statusCode ?? 503)).send(failurePage());
};
app.use(explain);

app.listen(Number(PORT), '127.0.0.1', () => console.log(`The shop is at http://127.0.0.1:${PORT}`));
