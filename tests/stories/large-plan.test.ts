import { afterEach, expect, test } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { cameraOn } from '../../web/plan/camera.ts';
import { layOutPlan, type Sector, seatPoint } from '../../web/plan/plan-layout.ts';
import { describeInBrowser, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem();

describeInBrowser('the plan of a large house', (browser) => {
  let context: BrowserContext;
  let page: Page;
  const errors: string[] = [];
  afterEach(async () => {
    await context.close();
    expect(errors.splice(0)).toEqual([]);
  });

  test('moves by wheel, touch and keyboard', async () => {
    const zones = Array.from({ length: 20 }, () => ({ rows: 20, seatsPerRow: 50, price: 4_500 }));
    const { body } = await send(system().url, 'POST', '/api/events', { name: 'Arena', zones });
    const options = { viewport: { width: 1280, height: 860 }, hasTouch: true, reducedMotion: 'no-preference' } as const;
    ({ context, page } = await openWatched(browser(), errors, options, /^Failed to load|WebSocket/));
    await page.goto(`${system().url}/events/${body.id}`);
    const isWhole = () => page.getByText('Choose a zone to see its seats').waitFor();
    const isZoomedIn = () => page.getByText('Choose a zone to see its seats').waitFor({ state: 'detached' });
    await page.locator('.legend').getByText('Available 20,000', { exact: true }).waitFor();
    await isWhole();
    const plan = page.getByRole('img', { name: /^Plan of the house/ });
    const { x, y, width, height } = (await plan.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    const sizes = zones.map((zone, i) => ({ ...zone, zone: i + 1 }));
    const arena = layOutPlan(sizes, null);
    const camera = cameraOn(arena, { width, height });
    const seat = seatPoint(arena.sectors.find(({ zone }) => zone === 1) as Sector, 10, 25);
    const middle = {
      x: x + width / 2 + (seat.x - camera.x) * camera.scale,
      y: y + height / 2 + (seat.y - camera.y) * camera.scale,
    };

    await page.mouse.move(middle.x, middle.y);
    await page.locator('.pointed').getByText('Zone 1 · €45 · 1,000 available').waitFor();
    await page.mouse.wheel(0, -1_200);
    await page.locator('.pointed').getByText('Zone 1 · row 10 · seat 25 · €45 · available').waitFor();
    await page.mouse.click(middle.x, middle.y, { button: 'right' });
    await page.getByRole('button', { name: 'All' }).first().click();
    await page.mouse.move(x + 2, y + 2);
    await isWhole();

    await plan.focus();
    for (const _ of [1, 2, 3, 4]) await page.keyboard.press('+');
    await isZoomedIn();
    await page.keyboard.press('0');
    await isWhole();

    const touch = await context.newCDPSession(page);
    const fingers = (type: 'touchStart' | 'touchMove' | 'touchEnd', apart?: number) => {
      const touchPoints =
        apart === undefined ? [] : [-apart, apart].map((offset) => ({ x: middle.x + offset, y: middle.y }));
      return touch.send('Input.dispatchTouchEvent', { type, touchPoints });
    };
    await fingers('touchStart', 20);
    for (const apart of [40, 80, 120, 160]) await fingers('touchMove', apart);
    await fingers('touchEnd');
    await isZoomedIn();
    await page.getByRole('heading', { name: 'Best seats together' }).waitFor(); // nothing was picked so far
    // A tap on a seat that is too small comes nearer. While the camera moves, the next tap may find it too small again.
    const choice = page.getByRole('heading', { name: 'Your choice' });
    const isPicked = () =>
      choice.waitFor({ timeout: 1_500 }).then(
        () => true,
        () => false,
      );
    do await page.touchscreen.tap(middle.x, middle.y);
    while (!(await isPicked()));
  });
});
