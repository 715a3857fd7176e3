// @ts-check
// A fake payment provider, in the manner of real ones. A shop makes a payment and sends its customer to the checkout.
// Once the customer has paid, the shop is notified with the id of the payment, which it reads here: so a forged
// notification does nothing. A notification is repeated until the shop answers 2xx. Some come twice, some late.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { html, money, page } from './html.js';

// The shares of payments that are notified twice, and LATE_SECONDS late.
const { PORT = '4001', TWICE = '0.3', LATE = '0.2', LATE_SECONDS = '20' } = process.env;
const url = `http://127.0.0.1:${PORT}`;

/** Payments and refunds that are kept. The oldest are forgotten: nothing here is real. */
const MAX_KEPT = 10_000;

/** Milliseconds between two attempts to notify a shop, how many there are, and how long one may take. */
const [RETRY_MS, MAX_ATTEMPTS, ATTEMPT_MS] = [1_000, 3_600, 30_000];

/**
 * @typedef {{ id: string, status: 'open' | 'paid', amount: number, currency: string, reference: string,
 *   checkoutUrl: string, returnUrl: string, notifyUrl: string, notified: number, refunded: number }} Payment
 */

/** @type {Map<string, Payment>} */
const payments = new Map();
/** @type {Map<string, { payment: string, amount: number }>} */
const refunds = new Map();

/** @type {<Value>(kept: Map<string, Value>, id: string, value: Value) => Value} */
const keep = (kept, id, value) => {
  const [oldest] = kept.keys();
  if (kept.size >= MAX_KEPT && oldest !== undefined) kept.delete(oldest);
  kept.set(id, value);
  return value;
};

const app = express().disable('x-powered-by');
app.use(express.json(), express.urlencoded());

app.post('/payments', (req, res) => {
  const { amount, currency, reference, returnUrl, notifyUrl } = req.body ?? {};
  if (!Number.isSafeInteger(amount) || ![currency, reference, returnUrl, notifyUrl].every((text) => text?.length > 0))
    return void res.status(400).json({ error: 'needs amount, currency, reference, returnUrl and notifyUrl' });
  const id = `pay_${randomBytes(12).toString('hex')}`;
  const links = { checkoutUrl: `${url}/checkout/${id}`, returnUrl: `${returnUrl}?payment=${id}`, notifyUrl };
  const payment = { id, status: /** @type {const} */ ('open'), amount, currency, reference, ...links };
  res.status(201).json(keep(payments, id, { ...payment, notified: 0, refunded: 0 }));
});

app.param('id', (_req, res, next, id) => {
  res.locals.payment = payments.get(id);
  if (res.locals.payment === undefined) res.status(404).json({ error: 'there is no such payment' });
  else next();
});

app.get('/payments/:id', (_req, res) => void res.json(res.locals.payment));

app.get('/checkout/:id', (_req, res) => {
  const { amount, currency } = res.locals.payment;
  res.send(page('Fake payments', html`<form method="post"><button>Pay ${money(amount, currency)}</button></form>`));
});

app.post('/checkout/:id', (_req, res) => {
  /** @type {Payment} */
  const payment = res.locals.payment;
  if (payment.status === 'open') {
    payment.status = 'paid';
    const lateMs = Math.random() < Number(LATE) ? 1_000 * Number(LATE_SECONDS) : 0;
    for (let times = Math.random() < Number(TWICE) ? 2 : 1; times > 0; times -= 1) void notify(payment, lateMs);
  }
  res.redirect(303, payment.returnUrl);
});

/** @param {Payment} payment @param {number} afterMs */
async function notify(payment, afterMs) {
  await sleep(afterMs);
  for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
    const body = JSON.stringify({ id: payment.id });
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    const signal = AbortSignal.timeout(ATTEMPT_MS);
    const answer = await fetch(payment.notifyUrl, { ...request, signal }).catch(() => undefined);
    if (!answer?.ok) await sleep(RETRY_MS);
    else {
      payment.notified += 1;
      return;
    }
  }
}

// The same key gives the same refund: money is given back once, however often the shop asks.
app.post('/refunds', (req, res) => {
  const { payment: id, amount, key } = req.body ?? {};
  const payment = payments.get(id);
  const before = refunds.get(String(key));
  if (before !== undefined) return void res.json(before);
  if (payment?.status !== 'paid' || !(amount > 0) || payment.refunded + amount > payment.amount)
    return void res.status(409).json({ error: 'the payment has no such amount to give back' });
  payment.refunded += amount;
  res.json(keep(refunds, String(key), { payment: id, amount }));
});

app.listen(Number(PORT), '127.0.0.1', () => console.log(`The fake payments are at ${url}`));
