import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { isSolved } from '../../shared/domain/join-challenge.ts';
import { describeInBrowser, expectReadable, openWatched } from '../support/browser.ts';
import { startFakeRoom } from '../support/fake-room.ts';
import { until } from '../support/processes.ts';

let room: Awaited<ReturnType<typeof startFakeRoom>>;
beforeAll(async () => {
  room = await startFakeRoom();
});
afterAll(() => room.stop());

/** A place in line with this many people ahead. */
const ahead = (people: number) => ({
  status: 'waiting' as const,
  message: 'Wait.',
  position: 5_310,
  ahead: people,
  wait: { seconds: people, fromSeconds: people * 0.8, toSeconds: Math.ceil(people * 1.3) },
  askAgainSeconds: 1,
});
const yourTurn = () => ({
  status: 'your_turn' as const,
  message: 'Go in.',
  admission: room.admission(300),
  askAgainSeconds: 1,
});

test('pages are not cached and have a strict policy; their assets are cached for ever and compressed', async () => {
  const page = await fetch(`${room.url}/events/1/wait`);
  expect(page.headers.get('cache-control')).toBe('no-cache');
  expect(page.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; script-src 'self'; style-src 'self';/,
  );
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  const [, script] = /src="([^"]+\.js)"/.exec(await page.text()) ?? [];
  for (const encoding of ['br', 'gzip', 'identity']) {
    const { headers, status } = await fetch(`${room.url}${script}`, { headers: { 'accept-encoding': encoding } });
    expect(status).toBe(200);
    expect(headers.get('content-encoding') ?? 'identity').toBe(encoding);
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(headers.get('content-type')).toMatch(/^text\/javascript/);
  }
  expect((await fetch(`${room.url}/assets/other.js`)).status).toBe(404);
});

describeInBrowser('the waiting page', (browser) => {
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  async function open(options: BrowserContextOptions = {}) {
    // A browser logs each request that fails, which some tests make happen.
    ({ context, page } = await openWatched(browser(), complaints, options, /^Failed to load/));
    await page.goto(`${room.url}/events/1/wait`);
  }
  const heading = (text: string) => page.getByRole('heading', { name: text }).waitFor();
  const title = (pattern: RegExp) => until(async () => pattern.test(await page.title()), 30_000);
  const bar = async () => Number(await page.getByRole('progressbar').getAttribute('aria-valuenow'));
  const keys = async (...names: string[]) => {
    for (const name of names) await page.keyboard.press(name);
  };

  beforeEach(() => {
    Object.assign(room, {
      view: ahead(240),
      requests: [],
      refusals: [],
      joins: [],
      isDown: false,
      joinMs: 0,
      places: 0,
    });
  });
  afterEach(async () => {
    await context.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  test('a visitor joins by loading it, sees the line move, and is called', async () => {
    await open();
    await heading('You are in line');
    await page.getByText('240 people ahead of you').first().waitFor();
    await page.getByText('about 4 minutes').first().waitFor();
    await page.getByText('5,310').waitFor();
    expect(await bar()).toBe(0);
    await title(/^240 ahead · Frontrow$/);
    room.view = ahead(60);
    await title(/^60 ahead/);
    expect(await bar()).toBe(75);
    room.view = yourTurn();
    await title(/^It is your turn! · Frontrow$/);
    await page.getByRole('timer', { name: 'Time left to choose' }).waitFor();
    expect(room.requests.map(({ method }) => method).slice(0, 2)).toEqual(['POST', 'GET']);
    const gaps = room.requests.slice(1).map(({ atMs }, i) => atMs - (room.requests[i]?.atMs ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(990);
    await page.getByRole('link', { name: 'Choose your seats' }).click();
    await page.waitForURL('**/events/1');
    expect(JSON.stringify(await context.storageState())).toContain('admission.token');
  });

  test('a line that requires proof of work gets it from the page, and then gives a place', async () => {
    const challengeOf = (bits: number) => ({
      kind: 'work' as const,
      challenge: `c.1.1.${bits}.1795338360250.1.${'x'.repeat(43)}`,
      bits,
      expiresAt: new Date(Date.now() + 120_000).toISOString(),
    });
    const refusal = (code: string, bits: number) => ({
      status: 403,
      code,
      detail: 'Solve it.',
      challenge: challengeOf(bits),
    });
    // The first challenge is stale when it is solved: the page solves the next.
    room.refusals = [refusal('CHALLENGE_REQUIRED', 10), refusal('CHALLENGE_INVALID', 17)];
    await open();
    await heading('Checking your browser');
    expect(await page.getByRole('status').textContent()).toContain('a small task');
    await page.getByRole('progressbar', { name: 'Work done' }).waitFor();
    await heading('You are in line');
    const [first, ...solvedOnes] = room.joins;
    expect(first?.challenge).toBeUndefined();
    expect(solvedOnes).toHaveLength(2);
    for (const [i, bits] of [10, 17].entries()) {
      const { challenge = '', solution = '' } = solvedOnes[i] ?? {};
      expect(challenge).toBe(challengeOf(bits).challenge);
      expect(isSolved(challenge, solution, bits)).toBe(true);
    }
    expect(await page.getByRole('progressbar', { name: 'Work done' }).count()).toBe(0);
  });

  test('a line that requires an outside check refers to the event’s own page', async () => {
    const detail = 'Join the line there.';
    room.refusals = [{ status: 403, code: 'CHALLENGE_REQUIRED', detail, challenge: { kind: 'outside' } }];
    await open();
    await heading('No place in line');
    await page.getByText(detail).waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await heading('You are in line');
  });

  test('a reload and a second tab keep the place and the progress', async () => {
    await open();
    await heading('You are in line');
    room.view = ahead(120);
    await page.reload();
    await title(/^120 ahead/);
    expect(await bar()).toBe(50);
    const second = await context.newPage();
    await second.goto(page.url());
    await second.getByRole('heading', { name: 'You are in line' }).waitFor();
    expect(room.places).toBe(1);
    expect(new Set(room.requests.map(({ token }) => token))).toEqual(new Set([undefined, 'visitor-1']));
  });

  test('two tabs that open at once share one place', async () => {
    await open();
    await heading('You are in line');
    const tabs = [await context.newPage(), await context.newPage()];
    await page.close();
    Object.assign(room, { joinMs: 500, places: 0 });
    await Promise.all(tabs.map((tab) => tab.goto(`${room.url}/events/2/wait`)));
    await Promise.all(tabs.map((tab) => tab.getByRole('heading', { name: 'You are in line' }).waitFor()));
    expect(room.places).toBe(1);
  });

  test('a lost connection is shown, and the page continues by itself in the same place', async () => {
    await open();
    await heading('You are in line');
    room.isDown = true;
    await page.getByText('Connection lost. Your place is kept; trying again.').waitFor();
    await page.getByText('240 people ahead of you').first().waitFor();
    room.isDown = false;
    room.view = ahead(30);
    await title(/^30 ahead/);
    expect(await page.getByText('Connection lost.').count()).toBe(0);
    expect(room.places).toBe(1);
  });

  test('a busy room is asked again, a void place is replaced by a new one, and a refusal is shown', async () => {
    room.refusals = [{ status: 429, code: 'RATE_LIMITED', detail: 'Too many requests. Try again later.' }];
    await open();
    await heading('You are in line');
    room.refusals = [{ status: 404, code: 'PLACE_UNKNOWN', detail: 'There is no such place in the line.' }];
    await until(async () => JSON.stringify(await context.storageState()).includes('visitor-2'), 30_000);
    room.refusals = [{ status: 404, code: 'EVENT_UNKNOWN', detail: 'There is no such event.' }];
    await page.reload();
    await heading('No place in line');
    await page.getByText('There is no such event.').waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await heading('You are in line');
    expect(room.places).toBe(2);
  });

  test('the line can be left by keyboard, after a question, and joined again', async () => {
    await open();
    await heading('You are in line');
    const focused = () => page.locator(':focus').textContent();
    await keys('Tab', 'Tab', 'Tab', 'Enter');
    expect(await focused()).toBe('Stay in line');
    await keys('Escape');
    expect(await focused()).toBe('Leave the line');
    await keys('Enter', 'Tab', 'Enter');
    await heading('You have left the line');
    expect(await focused()).toBe('You have left the line');
    expect((await context.storageState()).origins).toEqual([]);
    const { length } = room.requests;
    await sleep(1_200);
    expect(room.requests).toHaveLength(length);
    await keys('Tab', 'Enter');
    await heading('You are in line');
    expect(room.places).toBe(2);
  });

  test('a visitor who need not wait is told so, and joins automatically once there is a line', async () => {
    room.view = { status: 'open', message: 'Go on.', askAgainSeconds: 1 };
    await open();
    await heading('No need to wait');
    expect((await context.storageState()).origins).toEqual([]);
    room.view = ahead(240);
    await heading('You are in line');
    expect(room.places).toBe(1);
  });

  test('before the sale a visitor sees when it opens, in the event’s time zone', async () => {
    const sale = { onSaleAt: '2099-12-31T12:00:00Z', timeZone: 'Pacific/Auckland' };
    room.view = { ...ahead(240), status: 'before_sale', ...sale };
    await open({ timezoneId: 'America/New_York' });
    await page.getByText('Friday, 1 January 2100 at 1:00 NZDT').waitFor();
  });

  test('every state is readable in light and in dark', async () => {
    const onSaleAt = new Date(Date.now() + 3_600_000).toISOString();
    const states = [
      [{ ...ahead(240), status: 'before_sale', onSaleAt }, 'You are early'],
      [{ ...ahead(240), likelySoldOut: true }, 'You are in line'],
      [{ ...ahead(240), paused: true }, 'You are in line'],
      [yourTurn(), 'It is your turn'],
      [{ ...ahead(240), status: 'turn_passed' }, 'Your turn has passed'],
      [{ ...ahead(240), status: 'ended' }, 'The event is over'],
    ] as const;
    await open({ viewport: { width: 320, height: 640 } });
    for (const [view, title] of states) {
      room.view = view;
      await page.reload();
      await heading(title);
      await expectReadable(page);
    }
  });
});
