import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { cameraOn } from '../../web/plan/camera.ts';
import type { Block } from '../../web/plan/plan-blocks.ts';
import { type Bar, layOutPlan, type Plan, seatPoint } from '../../web/plan/plan-layout.ts';
import { describeInBrowser, expectReadable, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 4 });

const GOLD = '#0072b2';
const STANDING = '#7a3fb0';

/** Rows of stalls with an aisle after their fourth seat; the first begins with an accessible seat and a companion's. */
const STALLS = ['A', 'B', 'C', 'D'].map((label, i) => ({
  label,
  seats: 8 + i,
  gapsAfter: [4],
  ...(i < 2 && { category: 'Gold' }),
}));

/** Seats of a balcony, with coordinates and odd numbers. */
const BALCONY = [0, 1].map((row) => ({
  label: `Box ${row + 1}`,
  seats: 6,
  labels: [1, 3, 5, 7, 9, 11].map(String),
  positions: [0, 1, 2, 3, 4, 5].map((seat) => [100 * seat, 90 * row] as [number, number]),
}));

const THEATRE = {
  name: 'The Seagull',
  maxSeats: 20,
  seatLimit: null,
  categories: [
    { name: 'Gold', price: 9_000, types: { adult: 9_000, child: 4_000 } },
    { name: 'Silver', price: 5_000 },
    { name: 'Standing', price: 3_000, color: STANDING },
  ],
  zones: [
    { name: 'Stalls', category: 'Silver', rows: STALLS },
    { name: 'Floor', category: 'Standing', area: true, capacity: 100 },
  ],
  seats: [
    { ids: ['1-1-1'], accessible: true },
    { ids: ['1-1-2'], companionOf: '1-1-1' },
  ],
};

type Point = { x: number; y: number };

describeInBrowser('the page of a house as it is', (browser) => {
  let eventId: number;
  let context: BrowserContext;
  let page: Page;
  const errors: string[] = [];

  const create = async (event: object): Promise<number> => {
    const { status, body } = await send(system().url, 'POST', '/api/events', event);
    expect(status).toBe(201);
    return Number(body.id);
  };
  const bookSeats = (wish: object) =>
    send(system().url, 'POST', '/api/bookings?wait=10', { eventId, userId: 7, ...wish }).then(({ body }) => body);

  async function open(options: BrowserContextOptions = {}, id = eventId): Promise<void> {
    const desk = { viewport: { width: 1280, height: 860 }, ...options };
    ({ context, page } = await openWatched(browser(), errors, desk, /^Failed to load|WebSocket/));
    await page.goto(`${system().url}/events/${id}`);
    await legend('Live');
  }
  const heading = (text: string | RegExp) => page.getByRole('heading', { name: text }).waitFor();
  const click = (name: string | RegExp) => page.getByRole('button', { name }).first().click();
  const legend = (text: string) => page.locator('.legend').getByText(text, { exact: true }).waitFor();
  async function bill(): Promise<string[]> {
    const rows = page.locator('.bill tbody tr');
    await rows.first().waitFor(); // the sheet of a booking is loaded once its seats are sold
    return rows.allTextContents();
  }

  const sizes = () => [
    { zone: 1, rows: 4, seatsPerRow: 11, plan: STALLS },
    { zone: 2, rows: 2, seatsPerRow: 64, isArea: true, capacity: 100 },
  ];

  /** The pixel of the canvas at which a point of the plan is drawn, while all of it is shown. */
  async function onCanvas(plan: Plan, { x, y }: Point): Promise<Point> {
    const box = await page.getByRole('img', { name: /^Plan of the house/ }).boundingBox();
    const { width, height } = box ?? { width: 0, height: 0 };
    const camera = cameraOn(plan, { width, height });
    return { x: width / 2 + (x - camera.x) * camera.scale, y: height / 2 + (y - camera.y) * camera.scale };
  }

  /** The colour of the canvas at a point of the plan; `none` where nothing is drawn. */
  async function colourAt(plan: Plan, point: Point): Promise<string> {
    const { x, y } = await onCanvas(plan, point);
    const pixel = await page.evaluate<number[]>(
      `Array.from(document.querySelector('canvas').getContext('2d').getImageData(${x}, ${y}, 1, 1).data)`,
    );
    const hex = pixel.slice(0, 3).map((part) => part.toString(16).padStart(2, '0'));
    return pixel[3] === 0 ? 'none' : `#${hex.join('')}`;
  }

  beforeAll(async () => {
    eventId = await create(THEATRE);
  });
  beforeEach(async () => {
    const confirm = `delete all bookings of event ${eventId}`;
    await send(system().url, 'DELETE', `/api/events/${eventId}/bookings`, { confirm });
  });
  afterEach(async () => {
    await context.close();
    expect(errors.splice(0)).toEqual([]);
  });

  test('a theatre is drawn with its aisles, categories, accessible seats and standing room', async () => {
    await open();
    await legend('Available 138');
    await legend('Gold · €90, child €40');
    await legend('♿ Accessible');
    await legend('For a companion');
    const plan = layOutPlan(sizes(), null);
    const [stalls, floor] = [plan.blocks[0] as Block, plan.bars[0] as Bar];
    expect(await colourAt(plan, beside(seatPoint(stalls, 1, 5)))).toBe(GOLD);
    expect(await colourAt(plan, beside(seatPoint(stalls, 4, 5)))).toBe('#d55e00');
    const [before, after] = [seatPoint(stalls, 1, 4), seatPoint(stalls, 1, 5)];
    expect(Math.hypot(after.x - before.x, after.y - before.y)).toBeGreaterThan(1.5);
    expect(await colourAt(plan, { x: (before.x + after.x) / 2, y: (before.y + after.y) / 2 })).toBe('none');
    const [left, right] = [0.1, 0.9].map((share) => pointIn(floor, share)) as [Point, Point];
    expect(await colourAt(plan, left)).toBe(STANDING);
    expect(await colourAt(plan, right)).toBe(STANDING);
    for (let i = 0; i < 4; i += 1) await bookSeats({ zone: 2, count: 10 });
    await legend('Held by others 40');
    await until(async () => (await colourAt(plan, right)) !== STANDING, 5_000);
    expect(await colourAt(plan, left)).toBe(STANDING);
    await page.getByRole('button', { name: /^Floor .* 60 available of 100 places$/ }).waitFor();
  });

  test('seats with coordinates are drawn there, and are picked there by their labels', async () => {
    const zones = [{ name: 'Balcony', price: 2_000, rows: BALCONY }];
    await open({}, await create({ name: 'Recital', zones }));
    const plan = layOutPlan([{ zone: 1, rows: 2, seatsPerRow: 6, plan: BALCONY }], null);
    const seat = seatPoint(plan.blocks[0] as Block, 2, 3);
    const canvas = page.getByRole('img', { name: /^Plan of the house/ });
    const position = await onCanvas(plan, seat);
    await canvas.hover({ position });
    await page.locator('.pointed').getByText('Balcony · Box 2 · seat 5 · €20 · available').waitFor();
    await canvas.click({ position });
    await page.getByText('Balcony, Box 2, seat 5', { exact: true }).waitFor();
    await click('Hold 1 seat');
    await heading('Your order');
    expect(await bill()).toEqual(['Balcony, Box 2, seat 5€20']);
  });

  test('a buyer chooses a category and ticket types, and reads labels, types and prices of the seats', async () => {
    await open();
    await page.getByLabel('Category or highest price').selectOption({ label: 'Gold · €90, child €40' });
    await click('More: child');
    await click('Less: adult');
    await click('More: child');
    await page.getByRole('status', { name: 'adult: 1' }).waitFor();
    await click('Hold the best 3');
    await heading('Your order');
    const held = await bill();
    expect(held).toEqual([
      expect.stringMatching(/^Stalls, row [AB], seat \d+Gold, adult€90$/),
      expect.stringMatching(/^Stalls, row [AB], seats \d+–\d+Gold, child€80€40 each$/),
    ]);
    await page.locator('.bill tfoot').getByText('€170', { exact: true }).waitFor();
    const booked = await system().prisma.booking.findFirstOrThrow({ where: { eventId, status: 'PENDING' } });
    expect(booked.prices).toEqual([9_000, 4_000, 4_000]);
    await page.getByRole('button', { name: /^Pay / }).click();
    await heading('Your seats are booked');
    expect(await bill()).toEqual(held);
  });

  test('a click on standing room chooses it, and its places are held by their number', async () => {
    await open();
    const plan = layOutPlan(sizes(), null);
    const position = await onCanvas(plan, pointIn(plan.bars[0] as Bar, 0.5));
    await page.getByRole('img', { name: /^Plan of the house/ }).click({ position });
    await heading('Places in Floor');
    await page.getByText('100 of 100 places are available.', { exact: true }).waitFor();
    await page.locator('.counts label', { hasText: /^3$/ }).click();
    await click('Hold 3 places');
    await heading('Your order');
    expect(await bill()).toEqual(['Floor, 3 placesStanding€90€30 each']);
    await legend('Yours, held until you pay 3');
  });

  test('a buyer asks for accessible seats, and for seats that may be apart', async () => {
    await open();
    await click('More: Accessible seats');
    await click('Hold the best 2');
    await heading('Your order');
    expect(await bill()).toEqual([expect.stringMatching(/^Stalls, row A, seats 1–2/)]);
    await click('Release seats');
    await page.locator('.notice').getByText('You have released the seats.').waitFor();
    await bookSeats({ seats: STALLS.flatMap(({ seats: count }, row) => everySecond(row + 1, count)) });
    await click('Less: Accessible seats');
    await click('Hold the best 2');
    await heading('There are not enough seats side by side.');
    await page.getByText('Nearly together').waitFor();
    await click(/Take them apart/);
    await heading('Your order');
    const { seats: held } = await system().prisma.booking.findFirstOrThrow({
      where: { eventId, status: 'PENDING' },
      orderBy: { id: 'desc' },
    });
    expect(held).toHaveLength(2);
    await page.getByRole('button', { name: 'Release seats' }).click();
    await page.getByLabel('Seats may be apart').check();
    await click('Hold the best 2');
    await heading('Your order');
  });

  test('the list names rows, seats, categories, prices and marks, and is complete by keyboard', async () => {
    await open({ viewport: { width: 320, height: 640 } });
    await page.getByRole('button', { name: /^Stalls / }).press('Enter');
    await heading('Stalls');
    const rows = page.getByRole('combobox', { name: /^Row, the first is nearest/ });
    expect(await rows.locator('option').allTextContents()).toEqual(
      STALLS.map(({ label, seats: count }) => `Row ${label} · ${count} available`),
    );
    const names = () =>
      page.locator('.list .seat').evaluateAll((buttons) => buttons.map((button) => button.getAttribute('aria-label')));
    expect((await names()).slice(0, 3)).toEqual([
      'Row A, seat 1, Gold, €90, accessible',
      'Row A, seat 2, Gold, €90, for a companion',
      'Row A, seat 3, Gold, €90',
    ]);
    expect(await names()).toHaveLength(8);
    await rows.selectOption({ label: 'Row D · 11 available' });
    expect(await names()).toHaveLength(11);
    await page.getByRole('button', { name: 'Row D, seat 11, Silver, €50', exact: true }).press('Enter');
    await page.getByText('Stalls, row D, seat 11', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Clear' }).press('Enter');
    await page.getByRole('button', { name: 'All zones' }).press('Enter');
    await page.getByRole('button', { name: /^Floor / }).press('Enter');
    await page.getByText('100 of 100 places are available.', { exact: true }).waitFor();
  });

  test('a page that is open shows a house that an operator enlarges', async () => {
    const id = await create({ name: 'Recital', zones: [{ name: 'Stalls', rows: 1, seatsPerRow: 4 }] });
    await open({}, id);
    await legend('Available 4');
    const change = {
      zones: [{ zone: 1, seatsPerRow: 9, rows: 2 }],
      newZones: [{ name: 'Balcony', rows: 1, seatsPerRow: 5 }],
    };
    expect((await send(system().url, 'PATCH', `/api/events/${id}`, change)).status).toBe(200);
    await legend('Available 23');
    await page.getByRole('button', { name: /^Balcony / }).waitFor();
  });

  test('every state is readable on a phone', async () => {
    await open({ viewport: { width: 320, height: 640 } });
    await expectReadable(page);
    await page.getByLabel('Category or highest price').selectOption({ label: 'Gold · €90, child €40' });
    await expectReadable(page);
    await click('Hold the best 2');
    await heading('Your order');
    await expectReadable(page);
    await click('Release seats');
    await page.getByLabel('Where').selectOption({ index: 2 });
    await heading('Places in Floor');
    await expectReadable(page);
  });

  test('a plain event has none of these controls', async () => {
    await open({}, 1);
    await legend('Available 8');
    const panel = page.locator('.panel');
    expect(await panel.locator('select').count()).toBe(1);
    expect(await panel.locator('.stepper, .check').count()).toBe(0);
    expect(await page.locator('.legend').count()).toBe(1); // no prices to choose from
  });
});

/** A point of a seat beside its number. */
const beside = ({ x, y }: Point): Point => ({ x, y: y + 0.32 });

/** A point at half the depth of an area, and at a share of its width. */
const pointIn = ({ bar: { left, right, top, bottom } }: Bar, share: number): Point => ({
  x: left + share * (right - left),
  y: (top + bottom) / 2,
});

/** The ids of every second seat of a row of the stalls, without the companion's. */
const everySecond = (row: number, seats: number): string[] =>
  Array.from({ length: Math.floor(seats / 2) }, (_, i) => `1-${row}-${2 * i + 2}`).filter((id) => id !== '1-1-2');
