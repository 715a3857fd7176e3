import { beforeEach, describe, expect, test } from '@jest/globals';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { createBook } from '../../workers/book-seats.ts';
import { send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';
import { makeTheatre } from '../support/theatre.ts';

// A theatre: the Balcony is Gold with labels, 9,000 or 4,500 for a child; its last two seats of a row and zone 2 are
// Silver, 5,000 for everybody.

const system = useSystem({ ZONES: 1, ROWS: 1, SEATS_PER_ROW: 10 });
const ANNA = 1;
const post = (path: string, body: object) => send(system().url, 'POST', path, body);
const get = async (path: string) => (await send(system().url, 'GET', path)).body;

let eventId: number;
const hold = (wish: object) => post('/api/bookings?wait=30', { eventId, userId: ANNA, ...wish });
const setPrice = (number: number, price: number) =>
  system().prisma.category.update({ where: { eventId_number: { eventId, number } }, data: { price } });

beforeEach(async () => {
  const zone = { rows: 2, seatsPerRow: 10, price: 1_000 };
  const { body } = await post('/api/events', { name: 'Theatre', seatLimit: null, maxSeats: 8, zones: [zone, zone] });
  eventId = Number(body.id);
  await makeTheatre(system, eventId, 10);
  await get(`/api/events/${eventId}`); // the API reads the house anew
});

const gold = (seat: number, type?: string) => ({
  seat: `1-1-${seat}`,
  label: String(2 * seat - 1),
  rowLabel: 'A',
  zoneName: 'Balcony',
  category: 'Gold',
  ...(type !== undefined && { type }),
  price: type === 'child' ? 4_500 : 9_000,
});

test('seats cost what their categories cost for their types, and every view names them', async () => {
  const { status, body } = await hold({ seats: ['1-1-1', '1-1-2', '2-1-1'], types: { adult: 1, child: 2 } });
  const items = [
    gold(1, 'adult'),
    gold(2, 'child'),
    { seat: '2-1-1', category: 'Silver', type: 'child', price: 5_000 },
  ];
  const runs = [
    { zone: 1, row: 1, startIndex: 0, seatsCount: 2 },
    { zone: 2, row: 1, startIndex: 0, seatsCount: 1 },
  ];
  expect({ status, body }).toMatchObject({ status: 201, body: { items, runs, total: 18_500 } });
  expect(await get(`/api/bookings/${body.id}`)).toEqual(body);
  expect((await get(`/api/tickets/${body.id}`)).booking).toEqual(body);
  expect((await get(`/api/bookings?eventId=${eventId}`)).bookings).toEqual([body]);
  const paid = await post('/api/orders', { userId: ANNA, bookingIds: [body.id], paymentReference: `pay ${body.id}` });
  expect(paid).toMatchObject({ status: 200, body: { total: 18_500, bookings: [{ items }] } });
  const { entries } = await get(`/api/bookings/${body.id}/history`);
  expect(entries).toMatchObject([
    { kind: 'create', items },
    { kind: 'order', items },
  ]);
  const { changes } = await get(`/api/feed?eventId=${eventId}&types=booking.held,booking.confirmed`);
  expect(changes).toMatchObject([{ data: { booking: { items } } }, { data: { booking: { items } } }]);
  const csv = await fetch(`${system().url}/api/bookings?eventId=${eventId}`, { headers: { accept: 'text/csv' } });
  const [head, line] = (await csv.text()).trimEnd().split('\r\n');
  expect(head).toMatch(/,orderId,labels,categories,types$/);
  expect(line).toMatch(/,Balcony A 1; Balcony A 3; ,Gold; Gold; Silver,adult; child; child$/);
  expect((await auditEvent(eventId, system())).differences).toEqual([]);
});

describe('a request under conditions', () => {
  test('gets seats of its category, and of no other', async () => {
    const silver = await hold({ zone: 1, count: 2, category: 'Silver' });
    expect(silver.body).toMatchObject({ seats: ['1-1-9', '1-1-10'], total: 10_000 });
    const most = await hold({ zone: 1, row: 1, count: 8, category: 'Gold' });
    expect(most).toMatchObject({ status: 201, body: { startIndex: 0, total: 72_000 } });
  });

  test('gets seats up to its highest price, for its types', async () => {
    expect((await hold({ count: 2, maxPrice: 5_000 })).body).toMatchObject({ total: 10_000 });
    const children = await hold({ types: { child: 2 }, zone: 1, row: 2, maxPrice: 4_500 });
    expect(children.body).toMatchObject({ seatsCount: 2, total: 9_000 });
    expect(await hold({ count: 1, maxPrice: 4_999 })).toMatchObject({
      status: 400,
      body: { detail: 'maxPrice: no seat of this event costs so little' },
    });
  });

  test('gets the first of its wishes that can be had', async () => {
    const wishes = [
      { zone: 2, row: 1, start: 0, count: 2 },
      { zone: 1, row: 1, count: 2, category: 'Gold' },
    ];
    expect((await hold({ wishes })).body).toMatchObject({ seats: ['2-1-1', '2-1-2'], total: 10_000 });
    expect((await hold({ wishes })).body).toMatchObject({ zone: 1, total: 18_000 });
  });
});

describe('a price that is changed', () => {
  test('is that of later holds, and leaves what is held as it was', async () => {
    const before = await hold({ seats: ['1-1-1'] });
    await setPrice(1, 12_000);
    expect((await hold({ seats: ['1-1-2'] })).body).toMatchObject({ total: 12_000 });
    const confirmed = await post(`/api/bookings/${before.body.id}/confirm`, { userId: ANNA });
    expect(confirmed.body).toMatchObject({ items: before.body.items, total: 9_000 });
  });

  test('between claim and save never costs more than the request allows: other seats are chosen', async () => {
    const { seats } = system();
    let claims = 0;
    const claim: typeof seats.claim = async (...args) => {
      const decisions = await seats.claim(...args);
      claims += 1;
      if (claims === 1) {
        expect(decisions).toMatchObject([{ kind: 'got', seats: ['1-1-5'] }]);
        await setPrice(1, 9_001);
      }
      return decisions;
    };
    const wish = { zone: 1, count: 1, maxPrice: 9_000 };
    const request = { ticketId: newTicketId(0), eventId, wish, hold: true, userId: ANNA };
    await createBook({ ...system(), seats: { ...seats, claim } })(0, [request]);
    expect(claims).toBe(2);
    const [outcome] = await system().outcomesOf([request.ticketId]);
    expect(outcome).toMatchObject({ booking: { items: [{ category: 'Silver', price: 5_000 }] } });
    expect((await auditEvent(eventId, system())).differences).toEqual([]);
  });
});

test('an exchange keeps price and names of kept seats; the new ones have those of now', async () => {
  const { body } = await hold({ seats: ['1-1-1', '1-1-2'], types: { child: 2 } });
  await setPrice(1, 7_000);
  const exchanged = await post(`/api/bookings/${body.id}/exchange`, { userId: ANNA, seats: ['1-1-2', '1-1-3'] });
  expect(exchanged).toMatchObject({ status: 200, body: { total: 11_500 } });
  expect(exchanged.body.items).toEqual([gold(2, 'child'), { ...gold(3), price: 7_000 }]);
  expect(await get(`/api/bookings/${body.id}`)).toEqual(exchanged.body);
  const silver = await post(`/api/bookings/${body.id}/exchange`, { userId: ANNA, count: 2, category: 'Silver' });
  expect(silver.body).toMatchObject({ seats: ['1-1-9', '1-1-10'], total: 10_000 });
  const { entries } = await get(`/api/bookings/${body.id}/history`);
  expect((entries as { items: object[] }[])[0]?.items).toEqual([gold(1, 'child'), gold(2, 'child')]);
  expect((await auditEvent(eventId, system())).differences).toEqual([]);
});

test('blocked seats are sold at the prices of now, with their names', async () => {
  await post(`/api/events/${eventId}/block`, { seats: ['1-1-1', '2-1-1'] });
  const sold = await post(`/api/events/${eventId}/sell-blocked`, { userId: ANNA, seats: ['1-1-1', '2-1-1'] });
  const items = [gold(1), { seat: '2-1-1', category: 'Silver', price: 5_000 }];
  expect(sold).toMatchObject({ status: 201, body: { items, total: 14_000 } });
});
