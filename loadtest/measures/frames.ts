import { chromium, type Page } from 'playwright-core';
import { type Booking, createClient } from '../../client/src/index.ts';
import { readConfig } from '../../shared/config.ts';
import { ConfigError } from '../../shared/platform/config-error.ts';
import { DEMO_USERS } from '../../shared/stores/postgres/users.ts';
import { findChromium } from '../kit/chromium.ts';
import { command, text } from '../kit/command.ts';
import { differencesOfMaps } from '../kit/house-on-page.ts';
import { type Check, figureLines } from '../kit/report.ts';
import { median } from '../kit/statistics.ts';
import { findTarget } from '../kit/target.ts';

/** Frames a second that a moving picture needs. */
const MIN_FRAMES = 30;

/** Milliseconds within which a page should show something. */
const PAINTED_MS = 1_000;

/** Milliseconds within which a page should show a change, and after which a change counts as never shown. */
const SHOWN_MS = 500;
const LOST_MS = 10_000;

/** Milliseconds that an answer may take. It comes once, with the outcome: a repeated request would blur its time. */
const ANSWER_MS = 40_000;

/** Changes that are timed before the herd. */
const CHANGES = 40;

/** Milliseconds in which the herd ends. */
const HERD_MS = 120_000;

const FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime";

/** Records when the page's house first shows a seat as held. */
const RECORD_HELD = `
  globalThis.heldAt = {};
  globalThis.awaited = undefined;
  const { house } = document.querySelector('canvas');
  house.listen(() => {
    if (awaited !== undefined && house.statusOf(awaited) === 1) heldAt[awaited] ??= Date.now();
  });`;

/** A free seat near the end of the house, which a herd of this size does not reach. */
const FREE_SEAT = `
  (() => {
    const { zone, seatsPerRow, seats } = document.querySelector('canvas').house.zones.at(-1);
    const index = seats.lastIndexOf(0);
    if (index < 0) throw new Error('no seat of the last zone is free');
    return (awaited = zone + '-' + (1 + Math.floor(index / seatsPerRow)) + '-' + (1 + (index % seatsPerRow)));
  })()`;

/** Counts frames from now on, by second. */
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

/** Users in turn: a user who repeatedly releases holds has to wait before the next hold (HOLD_COOLDOWN). */
let nextUser = 0;

/** Milliseconds from the answer to a hold until the page shows it: 0 where the page was first. */
async function timeChange(page: Page, url: string): Promise<number> {
  const seat = await page.evaluate<string>(FREE_SEAT);
  const { attempt } = createClient({ baseUrl: url });
  nextUser = (nextUser % DEMO_USERS) + 1;
  const userId = nextUser;
  const request = { body: { eventId: 1, userId, seats: [seat] }, timeoutMs: ANSWER_MS };
  const { id } = (await attempt<Booking>('POST', '/api/bookings?wait=30', request)).body;
  const answeredAt = Date.now();
  const isShown = (label: string) => Object.hasOwn(Reflect.get(globalThis, 'heldAt'), label);
  await page.waitForFunction(isShown, seat, { timeout: LOST_MS });
  const heldAt = await page.evaluate<number>(`heldAt['${seat}']`);
  await page.evaluate(`delete heldAt['${seat}']`);
  await attempt('DELETE', `/api/bookings/${id}?wait=30`, { body: { userId }, timeoutMs: ANSWER_MS });
  return Math.max(0, heldAt - answeredAt);
}

/** A herd. It is over when it has ended, or when anything that runs beside it failed. */
type Herd = { isOver: boolean };

/** Times changes, at least one, while a herd runs. */
async function timeChanges(page: Page, url: string, herd: Herd): Promise<number[]> {
  const times: number[] = [];
  do times.push(await timeChange(page, url));
  while (!herd.isOver);
  return times;
}

/** Zooms in and out and drags, as an eager visitor, while a herd runs. */
async function moveMap(page: Page, herd: Herd): Promise<void> {
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

/** Presses the herd button. Returns the times of changes while the herd runs. */
async function runHerd(page: Page, url: string): Promise<number[]> {
  await page.getByRole('button', { name: /^Send .* buyers$/ }).click();
  await page.getByRole('button', { name: 'Under way' }).waitFor(); // before it the page shows an earlier herd
  const herd: Herd = { isOver: false };
  const end = () => {
    herd.isOver = true;
  };
  const [times] = await Promise.all([
    timeChanges(page, url, herd).finally(end),
    moveMap(page, herd).finally(end),
    page.getByRole('table').waitFor({ timeout: HERD_MS }).finally(end),
  ]);
  return times;
}

async function measure(page: Page, url: string, adminToken: string): Promise<Check[]> {
  await page.goto(`${url}/events/1#token=${encodeURIComponent(adminToken)}`); // only operators have the herd button
  await page.getByText('Live', { exact: true }).waitFor();
  const paintedMs = await page.evaluate<number>(FIRST_PAINT);
  await page.evaluate(RECORD_HELD);
  const calm: number[] = [];
  for (let change = 0; change < CHANGES; change += 1) calm.push(await timeChange(page, url));
  await page.evaluate(COUNT_FRAMES);
  const inHerd = await runHerd(page, url);
  const frames = (await page.evaluate<number[]>('frames')).slice(0, -1); // the last second is not complete
  await page.waitForTimeout(1_000);
  const differences = await differencesOfMaps(page, url);
  console.log(
    figureLines([
      ['frames in each second', frames.join(' ')],
      ['a change is shown after', `${median(calm)} ms`],
      ['... while the herd runs', `${median(inHerd)} ms, of ${inHerd.length}`],
    ]),
  );
  const fewest = frames.length === 0 ? 0 : Math.min(...frames);
  const latestMs = Math.max(...calm, ...inHerd);
  return [
    {
      what: `the first paint comes within ${PAINTED_MS} ms`,
      held: paintedMs < PAINTED_MS,
      figure: `${Math.round(paintedMs)} ms`,
    },
    {
      what: `the page draws ${MIN_FRAMES} frames in each second`,
      held: fewest >= MIN_FRAMES,
      figure: `${fewest} at least`,
    },
    { what: `a change is shown within ${SHOWN_MS} ms`, held: latestMs <= SHOWN_MS, figure: `${latestMs} ms at most` },
    { what: 'page and server have the same seats', held: differences === 0, figure: `${differences} differ` },
  ];
}

await command({
  name: 'frames',
  summary: `Opens the event page of a running system in Chromium, holds and releases a seat repeatedly, presses the herd
button, and zooms and drags the house while it fills.`,
  options: { url: text('address of the API', 'URL', 'the system that runs on DATA_DIR') },
  async run({ url }) {
    const target = url === undefined ? findTarget(undefined) : { urls: [url], adminToken: readConfig().ADMIN_TOKEN };
    const executablePath = findChromium();
    if (executablePath === undefined)
      throw new ConfigError('No Chromium was found. On Debian: apt-get install chromium');
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
      return await measure(page, target.urls[0] ?? '', target.adminToken ?? '');
    } finally {
      await browser.close();
    }
  },
});
