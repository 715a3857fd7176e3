import { expect, test } from '@jest/globals';
import type { EventView } from '../../../../shared/contract/events.ts';
import { eventChange, newEvent } from '../../../../shared/contract/events.ts';
import { type Built, changeBody, newEventBody } from './bodies.ts';
import { emptyForm, formOf, newCategory, newType, newZone } from './form.ts';

const counts = { total: 200, available: 190, held: 2, sold: 5, blocked: 3 };

const event: EventView = {
  id: 7,
  name: 'Hamlet',
  status: 'ON_SALE',
  currency: 'EUR',
  createdAt: '2026-11-01T00:00:00.000Z',
  totalSeats: 200,
  onSaleAt: '2026-12-01T09:00:30.000Z',
  startsAt: '2027-01-01T19:00:00.000Z',
  endsAt: null,
  venue: null,
  timeZone: 'Europe/Berlin',
  salesPaused: false,
  holdSeconds: 600,
  maxHoldSeconds: 1_800,
  seatLimit: null,
  maxSeats: 5,
  avoidSingles: false,
  accessibleUntil: null,
  rings: null,
  counts,
  categories: [
    { name: 'Gold', price: 9_900, types: { child: 4_900 } },
    { name: 'Silver', price: 5_000, color: '#888888' },
  ],
  zones: [
    { zone: 1, name: 'Stalls', category: 'Gold', price: 9_900, rows: 10, seatsPerRow: 20, capacity: 200, counts },
    { zone: 2, price: 3_000, area: true, rows: 8, seatsPerRow: 64, capacity: 500, counts },
  ],
};

function bodyOf(built: Built) {
  if (built.problems !== undefined) throw new Error(JSON.stringify(built.problems));
  return built.body;
}

const problemsOf = (built: Built) => built.problems?.map(({ path }) => path);

test('a new event has all that was typed, money in minor units and moments in UTC, as the API takes it', () => {
  const gold = {
    ...newCategory(),
    name: 'Gold',
    price: '99',
    color: '#d4af37',
    types: [{ ...newType(), name: 'child', price: '49,50' }],
  };
  const form = {
    ...emptyForm('Europe/Berlin'),
    name: 'Hamlet',
    startsAt: '2027-01-01T20:00',
    seatLimit: '',
    holdMinutes: '2.5',
    salesPaused: true,
    categories: [gold],
    zones: [
      { ...newZone(false, 'Gold'), name: 'Stalls', rows: '3', seatsPerRow: '4' },
      { ...newZone(true), price: '30', capacity: '500' },
    ],
  };
  const body = bodyOf(newEventBody(form));
  expect(body).toEqual({
    name: 'Hamlet',
    venue: null,
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    startsAt: '2027-01-01T19:00:00.000Z',
    endsAt: null,
    onSaleAt: null,
    accessibleUntil: null,
    seatLimit: null,
    maxSeats: 5,
    holdSeconds: 150,
    maxHoldSeconds: 1_800,
    avoidSingles: false,
    salesPaused: true,
    categories: [{ name: 'Gold', price: 9_900, types: { child: 4_950 }, color: '#d4af37' }],
    zones: [
      { name: 'Stalls', category: 'Gold', rows: 3, seatsPerRow: 4 },
      { price: 3_000, area: true, capacity: 500 },
    ],
  });
  expect(newEvent.safeParse(body).success).toBe(true);
});

test('texts that cannot be read are problems of their fields', () => {
  const form = {
    ...emptyForm('Europe/Berlin'),
    endsAt: '2027-03-28T02:30',
    maxSeats: 'five',
    holdMinutes: '',
    categories: [{ ...newCategory(), price: 'much', types: [newType()] }],
    zones: [{ ...newZone(false), rows: '-1', price: '1,000' }],
  };
  expect(problemsOf(newEventBody(form))).toEqual([
    'endsAt',
    'maxSeats',
    'holdMinutes',
    'categories.0.types.0',
    'categories.0.types.0',
    'categories.0.price',
    'zones.0.price',
    'zones.0.rows',
  ]);
});

test('a zone that is none is one problem, whatever times are in it', () => {
  const form = {
    ...emptyForm('Europe/Atlantis'),
    startsAt: '2027-01-01T20:00',
    zones: [{ ...newZone(false), price: '1' }],
  };
  expect(problemsOf(newEventBody(form))).toEqual(['timeZone']);
});

test('a form that nobody has changed changes nothing, also seconds that the form does not show', () => {
  expect(bodyOf(changeBody(event, formOf(event)))).toEqual({});
});

test('a change has only what differs', () => {
  const form = formOf(event);
  const [gold, silver] = form.categories;
  const [stalls, floor] = form.zones;
  if (!gold || !silver || !stalls || !floor) throw new Error('the form lacks something');
  const changed = {
    ...form,
    name: 'Hamlet, again',
    venue: 'Globe',
    seatLimit: '6',
    categories: [gold, { ...silver, price: '60', color: '' }, { ...newCategory(), name: 'Bronze', price: '20' }],
    zones: [stalls, { ...floor, price: '35.50', capacity: '600' }, { ...newZone(false, 'Bronze'), name: 'Balcony' }],
  };
  const built = changeBody(event, changed);
  const body = bodyOf(built);
  expect(body).toEqual({
    name: 'Hamlet, again',
    venue: 'Globe',
    seatLimit: 6,
    categories: [
      { name: 'Silver', price: 6_000, color: null },
      { name: 'Bronze', price: 2_000 },
    ],
    zones: [{ zone: 2, price: 3_550, capacity: 600 }],
    newZones: [{ name: 'Balcony', category: 'Bronze', rows: 10, seatsPerRow: 20 }],
  });
  expect(eventChange.safeParse(body).success).toBe(true);
  if (built.problems !== undefined) return;
  expect(
    ['categories.0.price', 'zones.0.capacity', 'newZones.0.name', 'holdSeconds', 'name'].map(built.formPath),
  ).toEqual(['categories.1.price', 'zones.1.capacity', 'zones.2.name', 'holdMinutes', 'name']);
});

test('in another time zone the same clock times are other moments', () => {
  expect(bodyOf(changeBody(event, { ...formOf(event), timeZone: 'Europe/London' }))).toEqual({
    timeZone: 'Europe/London',
    startsAt: '2027-01-01T20:00:00.000Z',
    onSaleAt: '2026-12-01T10:00:00.000Z',
  });
});

test('ticket types that are taken away, and a zone that leaves its category for a price', () => {
  const form = formOf(event);
  const [gold, silver] = form.categories;
  const [stalls, floor] = form.zones;
  if (!gold || !silver || !stalls || !floor) throw new Error('the form lacks something');
  const changed = {
    ...form,
    categories: [{ ...gold, types: [] }, silver],
    zones: [{ ...stalls, category: '', price: '80' }, floor],
  };
  expect(bodyOf(changeBody(event, changed))).toEqual({
    categories: [{ name: 'Gold', types: null }],
    zones: [{ zone: 1, price: 8_000 }],
  });
  expect(problemsOf(changeBody(event, { ...form, zones: [{ ...stalls, name: ' ' }, floor] }))).toEqual([
    'zones.0.name',
  ]);
});
