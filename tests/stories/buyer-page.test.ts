import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { BrowserContext, BrowserContextOptions, Page, Request } from 'playwright-core';
import { describeInBrowser, expectReadable, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 4, ROWS: 4, SEATS_PER_ROW: 12 });

const hold = (wish: object) =>
  send(system().url, 'POST', '/api/bookings?wait=10', { eventId: 1, userId: 7, ...wish }).then(({ body }) => body);
const bookings = () => system().prisma.booking.count();

describeInBrowser("the buyer's page", (browser) => {
  let context: BrowserContext;
  let page: Page;
  const errors: string[] = [];

  async function open(
    options: BrowserContextOptions = {},
    prepare?: (page: Page) => Promise<unknown>,
    path = '/events/1',
  ): Promise<void> {
    const desk = { viewport: { width: 1280, height: 860 }, ...options };
    ({ context, page } = await openWatched(browser(), errors, desk, /^Failed to load|WebSocket/));
    await prepare?.(page);
    await page.goto(`${system().url}${path}`);
  }
  const heading = (text: string | RegExp) => page.getByRole('heading', { name: text }).waitFor();
  const click = (name: string | RegExp) => page.getByRole('button', { name }).first().click();
  const legend = (text: string) => page.locator('.legend').getByText(text, { exact: true }).waitFor();
  const notice = (text: string) => page.locator('.notice').getByText(text).waitFor();

  /** Picks seats of a row in the list. */
  async function pick(zone: number, row: number, numbers: number[]): Promise<void> {
    await click(new RegExp(`^Zone ${zone} `));
    await page.getByRole('combobox', { name: /^Row/ }).selectOption(String(row));
    for (const number of numbers)
      await page.getByRole('button', { name: `Row ${row}, seat ${number}`, exact: true }).click();
  }

  /** Lets the page read its hold, without an answer. `ended` resolves once the page gives the read up. */
  async function startSlowRead(): Promise<{ ended: Promise<unknown> }> {
    const isRead = (request: Request) => request.method() === 'GET' && /\/api\/bookings\/[^/]+$/.test(request.url());
    await page.route('**/api/bookings/*', (route) => (isRead(route.request()) ? undefined : route.continue()));
    const started = page.waitForRequest(isRead);
    const ended = page.waitForEvent('requestfailed', isRead);
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await started;
    return { ended };
  }

  /** Moves the page's clock on until it shows something: a page that polls does not wait for its next poll. */
  async function whileClockRuns(shown: Promise<unknown>): Promise<void> {
    let isShown = false;
    const finished = shown.finally(() => {
      isShown = true;
    });
    while (!isShown) await Promise.race([page.clock.runFor(500), finished]);
    await finished;
  }

  /** Holds seats for another buyer before the page's next request. */
  const takeFirst = (seats: string[]) =>
    page.route(
      '**/api/bookings',
      async (route) => {
        await hold({ seats });
        await route.continue();
      },
      { times: 1 },
    );

  beforeEach(async () => {
    await send(system().url, 'POST', '/clear');
  });
  afterEach(async () => {
    await context.close();
    expect(errors.splice(0)).toEqual([]);
  });

  test('a buyer holds and buys the best two seats; a double click or a reload books nothing twice', async () => {
    await open();
    await heading('Best seats together');
    await legend('Live');
    await page.getByRole('button', { name: 'Hold the best 2' }).dblclick();
    await heading('Your order');
    await page.getByRole('timer', { name: 'Time left to pay' }).waitFor();
    await legend('Yours, held until you pay 2');
    await page.reload();
    await heading('Your order');
    await page.getByRole('button', { name: /^Pay / }).dblclick();
    await heading('Your seats are booked');
    await legend('Yours 2');
    await page.reload();
    await heading('Your seats are booked');
    expect(await bookings()).toBe(1);
    await click('Book more seats');
    await heading('Best seats together');
  });

  test('seats that another buyer just took are refused, and the nearest are one click away', async () => {
    await open();
    await pick(2, 1, [5, 6]);
    await page.getByText('Zone 2, row 1, seats 5–6').waitFor();
    await takeFirst(['2-1-5']);
    await click('Hold 2 seats');
    await heading('Zone 2, row 1, seat 5 has just been taken.');
    await page
      .getByRole('list')
      .getByRole('button', { name: /Hold 2 seats · €100$/ })
      .first()
      .click();
    await heading('Your order');
  });

  test('a hold can be extended and cancelled, and changes by other buyers show at once', async () => {
    await open();
    await legend('Live');
    await hold({ seats: ['1-1-1', '1-1-2'] });
    await legend('Held by others 2');
    await pick(1, 2, [3]);
    await click('Hold 1 seat');
    await heading('Your order');
    const firstExpiry = await page.getByRole('timer').getAttribute('datetime');
    await page.waitForTimeout(1_100); // expiry is shown in seconds
    await click('More time');
    await until(async () => (await page.getByRole('timer').getAttribute('datetime')) !== firstExpiry, 10_000);
    await click('Release seats');
    await notice('You have released the seats.');
    await legend('Held by others 2');
  });

  test('a buyer who repeatedly cancels holds sees how long the cooldown lasts, and may then retry', async () => {
    await open({}, (opened) => opened.clock.install());
    for (let times = 0; times < 3; times += 1) {
      await click('Hold the best 2');
      await heading('Your order');
      await click('Release seats');
      await notice('You have released the seats.');
    }
    const last = await system().prisma.booking.findFirst({ orderBy: { id: 'desc' } });
    const [record] = await system().redis.keys(`{s0}:lapses:1:*:${last?.userId}`);
    const coolDownFor = (milliseconds: number) =>
      system().redis.hset(String(record), 'untilMs', Date.now() + milliseconds);
    await page.route('**/api/bookings', (route) => coolDownFor(10_000).then(() => route.continue()), { times: 1 });
    await click('Hold the best 2');
    await heading('You have released seats several times.');
    await page.getByText(/^You can hold again in \d+ s\.$/).waitFor();
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
    await coolDownFor(0);
    await page.clock.fastForward(10_000);
    await page.getByText('You can hold again now.').waitFor();
    await click('Try again');
    await heading('Your order');
  });

  test('the seats of a hold that expired are free again', async () => {
    const holdFor = (holdSeconds: number) => system().prisma.event.update({ where: { id: 1 }, data: { holdSeconds } });
    await holdFor(65);
    let sockets = 0;
    await open({}, async (opened) => {
      await opened.clock.install();
      opened.on('websocket', () => {
        sockets += 1;
      });
    });
    await legend('Live');
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))"); // the page checks its socket
    await click('Hold the best 2');
    await heading('Your order');
    const lastMinute = page.getByRole('alert').getByText('Less than a minute is left to pay.');
    expect(await lastMinute.count()).toBe(0);
    await page.clock.fastForward(5_000);
    await lastMinute.waitFor({ state: 'attached' });
    await click('Release seats');
    await holdFor(2);
    await click('Hold the best 2');
    await heading('Your order');
    await notice('The time to pay is over');
    await legend('Available 192');
    await holdFor(600);
    expect(sockets).toBe(1);
  });

  test('every tab of the browser shows what was held and bought', async () => {
    await open();
    await click('Hold the best 2');
    await heading('Your order');
    const other = await context.newPage();
    await other.goto(page.url());
    await other.getByRole('button', { name: /^Pay / }).click();
    await other.getByRole('heading', { name: 'Your seats are booked' }).waitFor();
    await heading('Your seats are booked');
    await click('Book more seats');
    await heading('Your bookings');
    await other.getByRole('heading', { name: 'Best seats together' }).waitFor();
  });

  test('a picked seat that another buyer takes is deselected with a message', async () => {
    await open();
    await pick(2, 1, [5, 6]);
    await hold({ seats: ['2-1-5'] });
    await page.getByText('Zone 2, row 1, seat 5 has just been taken.').waitFor();
    await click('Hold 1 seat');
    await heading('Your order');
  });

  test('the countdown is right on a clock that is an hour off, and a cleared booking is reported', async () => {
    await open({}, (opened) => opened.addInitScript('const { now } = Date; Date.now = () => now() - 3_600_000'));
    await click('Hold the best 2');
    await heading('Your order');
    for (const reloaded of [false, true]) {
      if (reloaded) await page.reload();
      expect(await page.getByRole('timer').textContent()).toMatch(/^(10:00|9:5\d)$/);
    }
    await send(system().url, 'POST', '/clear');
    await page.getByRole('button', { name: /^Pay / }).click();
    await notice('That booking no longer exists');
  });

  test('the page waits for a purchase that is in the queue', async () => {
    await open();
    await click('Hold the best 2');
    await heading('Your order');
    // A read that began before the purchase must not hide that the purchase is in the queue.
    const slowRead = await startSlowRead();
    await system().stopWorkers();
    await page.route('**/confirm', (route) => route.continue({ url: `${route.request().url()}?wait=0` }));
    await page.getByRole('button', { name: /^Pay / }).click();
    const queued = page.getByText('Your change is in the queue. The seats stay yours');
    await slowRead.ended;
    await queued.waitFor();
    await page.getByRole('button', { name: 'Release seats' }).click({ force: true }); // it is shown as disabled
    await system().resumeWorkers();
    await heading('Your seats are booked');
  });

  test('a late answer does not bring back a cancelled hold', async () => {
    await open();
    await click('Hold the best 2');
    await heading('Your order');
    const slowRead = await startSlowRead();
    await click('Release seats');
    await slowRead.ended;
    await notice('You have released the seats.');
    await heading('Best seats together');
  });

  test('a fault leaves the hold, and a reload on a bad network offers no action that loses it', async () => {
    await open();
    await click('Hold the best 2');
    await heading('Your order');
    const { id: ticketId } = await system().prisma.booking.findFirstOrThrow();
    const body = { type: 'about:blank', status: 500, code: 'INTERNAL', detail: 'Something broke.', ticketId };
    await page.route('**/confirm', (route) => route.fulfill({ status: 500, json: body }), { times: 1 });
    await page.getByRole('button', { name: /^Pay / }).click();
    await page.getByRole('alert').getByText('Something broke.').waitFor();
    await page.route('**/api/bookings/*', (route) => route.abort());
    await page.reload();
    await heading('Finding your seats');
    await page.getByText('Connection lost.').waitFor();
    expect(await page.getByRole('button', { name: 'Stop trying' }).count()).toBe(0);
    await page.unroute('**/api/bookings/*');
    await page.getByRole('button', { name: /^Pay / }).click();
    await heading('Your seats are booked');
  });

  test('a purchase survives a restart of the server while it is sent and while its ticket is read', async () => {
    await open();
    await click('Hold the best 2');
    await heading('Your order');
    const failure = (status: number, code: string) => ({ status, json: { type: 'about:blank', status, code } });
    await page.route('**/confirm', (route) => route.continue({ url: `${route.request().url()}?wait=0` }));
    await page.route('**/confirm', (route) => route.fulfill(failure(503, 'UNAVAILABLE')), { times: 2 });
    await page.route('**/api/tickets/*', (route) => route.fulfill(failure(503, 'UNAVAILABLE')), { times: 1 });
    await page.route('**/api/tickets/*', (route) => route.fulfill(failure(500, 'INTERNAL')), { times: 1 });
    await page.getByRole('button', { name: /^Pay / }).click();
    await heading('Your seats are booked');
  });

  test('a page whose WebSocket stays silent polls instead', async () => {
    await open({}, (opened) => opened.routeWebSocket('**/ws', () => undefined));
    await page.getByText('Every 2 seconds').waitFor();
    await legend('Available 192');
  });

  test('a queued request shows its position, also after a reload', async () => {
    await open();
    await system().stopWorkers();
    await click('Hold the best 2');
    await heading('Your request is in the queue');
    await page.getByText('Position').waitFor();
    await page.reload();
    await heading('Your request is in the queue');
    await page.getByText('Booking is paused: nothing is being booked right now. Your request is kept.').waitFor();
    await system().resumeWorkers();
    await heading('Your order');
    expect(await bookings()).toBe(1);
  });

  test('the page works without a WebSocket', async () => {
    const blocked = 'window.WebSocket = class { constructor() { throw new Error("blocked"); } }';
    await open({}, (opened) => opened.addInitScript(blocked));
    await page.getByText('Every 2 seconds').waitFor();
    await legend('Available 192');
    await click('Hold the best 2');
    await heading('Your order');
    await legend('Yours, held until you pay 2');
    await page.getByRole('button', { name: /^Pay / }).click();
    await heading('Your seats are booked');
    await hold({ count: 1 });
    await legend('Held by others 1');
  });

  test('while the waiting room is on, the page goes there and comes back to book', async () => {
    const room = (change: object) => send(system().url, 'PUT', '/api/events/1/waiting-room', change);
    await room({ mode: 'on', uses: 1 });
    const passRoom = async () => {
      await page.waitForURL('**/events/1/wait');
      const link = page.getByRole('link', { name: 'Choose your seats' });
      await whileClockRuns(link.waitFor());
      await link.click();
    };
    await open({}, (opened) => opened.clock.install());
    await passRoom();
    // After the second visit the seats that were picked before are picked again, and nothing is booked by itself.
    await pick(2, 1, [5, 6]);
    await page.evaluate("localStorage.removeItem('frontrow:admission:1')");
    await click('Hold 2 seats');
    await passRoom();
    await page.getByText('Zone 2, row 1, seats 5–6').waitFor();
    expect(await bookings()).toBe(0);
    await click('Hold 2 seats');
    await heading('Your order');
    // With a used-up admission the page goes back to the waiting room.
    await click('Release seats');
    await page.locator('label', { hasText: /^3$/ }).click();
    await click('Hold the best 3');
    await passRoom();
    await click('Hold the best 3');
    await heading('Your order');
    await page.getByRole('button', { name: /^Pay / }).click();
    await click('Book more seats');
    await page.reload();
    await heading('Your bookings'); // although a new request would have to wait
    await room({ mode: 'off', uses: 2 });
  });

  test('the list of seats keeps the focus while others buy, and moves it from zone to zone', async () => {
    await open({ viewport: { width: 320, height: 640 } });
    await legend('Live');
    const focused = 'document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent';
    const focusIs = (name: string) => until(async () => (await page.evaluate(focused)) === name, 5_000);
    const press = (name: string | RegExp) => page.getByRole('button', { name }).press('Enter');
    await press(/^Zone 2 /);
    await focusIs('Zone 2');
    await page.getByRole('button', { name: 'Row 1, seat 9', exact: true }).focus();
    await hold({ seats: ['2-1-5', '2-1-9'] });
    await page.locator('[aria-label="Row 1, seat 9"][aria-disabled="true"]').waitFor();
    await focusIs('Row 1, seat 9');
    await press('Row 1, seat 7');
    await press('Clear');
    await focusIs('Best seats together');
    await press('All zones');
    await focusIs('Zones');
    await page.evaluate("document.documentElement.style.fontSize = '200%'");
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
  });

  test('a price has the decimals that ISO 4217 gives its currency, on any browser', async () => {
    for (const [currency, each, both] of [
      ['HUF', 'HUF 4,500.50', 'HUF 9,001'],
      ['JPY', '¥450,050', '¥900,100'],
      ['BHD', 'BHD 450.050', 'BHD 900.100'],
      ['IDR', 'IDR 4,500.50', 'IDR 9,001'],
    ] as const) {
      const zones = [{ rows: 1, seatsPerRow: 4, price: 450_050 }];
      const { body } = await send(system().url, 'POST', '/api/events', { name: 'Gala', currency, zones });
      if (currency === 'HUF') await open({ locale: 'en-US' }, undefined, `/events/${body.id}`);
      else await page.goto(`${system().url}/events/${body.id}`);
      await page.getByText(`${each} a seat`).waitFor();
      await legend('Available 4'); // the price stands in the page before its seats are loaded
      await pick(1, 1, [1, 2]);
      await page.locator('.total').getByText(both, { exact: true }).waitFor();
    }
  });

  test('every state is readable on a phone', async () => {
    await open({ viewport: { width: 320, height: 640 } });
    await legend('Available 192');
    await expectReadable(page);
    await pick(1, 1, [1, 2]);
    await expectReadable(page);
    await takeFirst(['1-1-1']);
    await click('Hold 2 seats');
    await heading('Zone 1, row 1, seat 1 has just been taken.');
    await expectReadable(page);
    await system().stopWorkers();
    await click('Hold the best 2');
    await page.getByText('Position').waitFor();
    await expectReadable(page);
    await system().resumeWorkers();
    await heading('Your order');
    await expectReadable(page);
    await page.getByRole('button', { name: /^Pay / }).click();
    await heading('Your seats are booked');
    await expectReadable(page);
  });
});
