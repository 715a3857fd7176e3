import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { z } from 'zod';
import { readConfig } from '../../shared/config.ts';
import { ConfigError } from '../../shared/platform/config-error.ts';
import { exitOnStartFault } from '../../shared/platform/shutdown.ts';
import { DEMO_USERS } from '../../shared/stores/postgres/users.ts';
import { findChromium } from '../kit/chromium.ts';
import { differencesOfMaps } from '../kit/house-on-page.ts';
import { median } from '../kit/statistics.ts';
import { findTarget, type Target } from '../kit/target.ts';

const HELP = `npm run frames -- [--url URL]

Opens the event page of a running Frontrow in a Chromium, holds and lets go a seat again and again, presses the herd button, and zooms
and drags the house while it fills. Ends with 1 where nothing was painted within a second, the page drew fewer than 30 frames in any
second, saw a change later than half a second after whoever made it was told, or has a house in the end that is not the server's,
seat by seat.`;

/** Frames a second that a moving picture needs. */
const LEAST = 30;

/** Milliseconds within which a page should show something. */
const PAINTED_MS = 1_000;

const FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime";

/** Milliseconds after which a change should be seen, how often that is tried, and when it counts as never seen. */
const SEEN_MS = 500;
const CHANGES = 40;
const LOST_MS = 10_000;

/** Notes when the page's house first has a seat as held. */
const NOTE_HELD = `
  globalThis.heldAt = {};
  globalThis.awaited = undefined;
  const { house } = document.querySelector('canvas');
  house.listen(() => {
    if (awaited !== undefined && house.statusOf(awaited) === 1) heldAt[awaited] ??= Date.now();
  });`;

/** A free seat near the end of the house, where a herd of this size does not come. */
const FREE_SEAT = `
  (() => {
    const { zone, seatsPerRow, seats } = document.querySelector('canvas').house.zones.at(-1);
    const at = seats.lastIndexOf(0);
    if (at < 0) throw new Error('no seat of the last zone is free');
    return (awaited = zone + '-' + (1 + Math.floor(at / seatsPerRow)) + '-' + (1 + (at % seatsPerRow)));
  })()`;

const bookingAnswer = z.object({ id: z.string() });

/** Counts frames from now on, second by second. */
const COUNT_FRAMES = `
  globalThis.frames = [0];
  globalThis.framesFrom = performance.now();
  const count = (now) => {
    const second = Math.max(0, Math.floor((now - framesFrom) / 1000));
    while (frames.length <= second) frames.push(0);
    frames[second] += 1;
    requestAnimationFrame(count);
  };
  requestAnimationFrame(count);`;

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { url: text, help: { type: 'boolean', short: 'h' } } });
  if (values.help) return void console.log(HELP);
  const [url, adminToken = ''] =
    values.url === undefined ? addressOf(findTarget(undefined)) : [values.url, readConfig().ADMIN_TOKEN];
  const executablePath = findChromium();
  if (executablePath === undefined) throw new ConfigError('No Chromium was found. On Debian: apt-get install chromium');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    await page.goto(`${url}/events/1#token=${encodeURIComponent(adminToken)}`); // the herd button is an operator's
    await page.getByText('Live', { exact: true }).waitFor();
    const paintedMs = await page.evaluate<number>(FIRST_PAINT);
    await page.evaluate(NOTE_HELD);
    const seen: number[] = [];
    for (let change = 0; change < CHANGES; change += 1) seen.push(await timeChange(page, `${url}`));
    await page.evaluate(COUNT_FRAMES);
    await page.getByRole('button', { name: /^Send .* buyers$/ }).click();
    await page.getByRole('button', { name: 'Under way' }).waitFor(); // until then the figures of a herd before stand there
    const herd = { isOver: false };
    const end = () => {
      herd.isOver = true;
    };
    const [seenInHerd] = await Promise.all([
      timeWhile(page, `${url}`, herd).finally(end),
      moveWhile(page, herd).finally(end),
      page.getByRole('table').waitFor({ timeout: 120_000 }).finally(end),
    ]);
    const frames = (await page.evaluate<number[]>('frames')).slice(0, -1); // the last second is not whole
    await page.waitForTimeout(1_000);
    const different = await differencesOfMaps(page, `${url}`);
    const fewest = frames.length === 0 ? 0 : Math.min(...frames);
    const [latest, latestInHerd] = [Math.max(...seen), Math.max(...seenInHerd)];
    console.log(`first paint after       ${Math.round(paintedMs)} ms (${PAINTED_MS} ms)`);
    console.log(`frames in each second   ${frames.join(' ')} (at least ${LEAST})`);
    console.log(`a change is seen after  ${median(seen)} ms, at most ${latest} ms (${SEEN_MS} ms)`);
    console.log(
      `... while the herd runs ${median(seenInHerd)} ms, at most ${latestInHerd} ms, of ${seenInHerd.length}`,
    );
    console.log(`seats that differ       ${different}`);
    const isFast = paintedMs < PAINTED_MS && fewest >= LEAST && Math.max(latest, latestInHerd) <= SEEN_MS;
    process.exitCode = isFast && different === 0 ? 0 : 1;
  } finally {
    await browser.close();
  }
}

const addressOf = ({ urls, adminToken }: Target) => [urls[0], adminToken] as const;

/** A herd that is over when it has ended, or when anything that goes along with it broke. */
type Herd = { readonly isOver: boolean };

/** Times changes, one at least, while a herd runs. */
async function timeWhile(page: Page, url: string, herd: Herd): Promise<number[]> {
  const seen: number[] = [];
  do seen.push(await timeChange(page, url));
  while (!herd.isOver);
  return seen;
}

/** Users in turn: one who repeatedly lets holds go has to wait before the next (HOLD_COOLDOWN). */
let nextUser = 0;

/** Milliseconds from the answer to who holds a seat until the page has it as held: 0 where the page was told first. */
async function timeChange(page: Page, url: string): Promise<number> {
  const seat = await page.evaluate<string>(FREE_SEAT);
  const ask = async (method: string, path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}`);
    return bookingAnswer.parse(await response.json());
  };
  nextUser = (nextUser % DEMO_USERS) + 1;
  const userId = nextUser;
  const { id } = await ask('POST', '/api/bookings?wait=30', { eventId: 1, userId, seats: [seat] });
  const answeredAt = Date.now();
  await page.waitForFunction((label) => Object.hasOwn(Reflect.get(globalThis, 'heldAt'), label), seat, {
    timeout: LOST_MS,
  });
  const heldAt = await page.evaluate<number>(`heldAt['${seat}']`);
  await page.evaluate(`delete heldAt['${seat}']`);
  await ask('DELETE', `/api/bookings/${id}?wait=30`, { userId });
  return Math.max(0, heldAt - answeredAt);
}

/** Zooms in and out and drags, as an eager visitor, while a herd runs. */
async function moveWhile(page: Page, herd: Herd): Promise<void> {
  const box = await page.locator('canvas').boundingBox();
  if (box === null) throw new Error('there is no plan');
  const [x, y] = [box.x + box.width / 2, box.y + box.height * 0.7];
  for (let step = 0; !herd.isOver; step += 1) {
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, Math.sin(step / 6) > 0 ? -160 : 160);
    await page.mouse.down();
    await page.mouse.move(x + 60 * Math.sin(step / 4), y + 30 * Math.cos(step / 5), { steps: 3 });
    await page.mouse.up();
  }
}

await main().catch(exitOnStartFault);
