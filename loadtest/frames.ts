import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { ConfigError } from '../shared/platform/config.ts';
import { exitOnStartFault } from '../shared/platform/shutdown.ts';
import { findChromium } from './chromium.ts';
import { differencesOfMaps } from './house-on-page.ts';
import { findTarget } from './target.ts';

const HELP = `npm run frames -- [--url URL]

Opens the event page of a running Frontrow in a Chromium, presses the herd button, and zooms and drags the house while it fills. Ends
with 1 where fewer than 30 frames a second are drawn, or where the page's house is not the server's in the end, seat by seat.`;

/** Frames a second that a moving picture needs. */
const LEAST = 30;

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
  const url = values.url ?? findTarget(undefined).urls[0];
  const executablePath = findChromium();
  if (executablePath === undefined) throw new ConfigError('No Chromium was found. On Debian: apt-get install chromium');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    await page.goto(`${url}/events/1`);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.evaluate(COUNT_FRAMES);
    await page.getByRole('button', { name: /^Send .* buyers$/ }).click();
    const ended = page.getByRole('table').waitFor({ timeout: 120_000 });
    await moveUntil(page, ended);
    const frames = (await page.evaluate<number[]>('frames')).slice(0, -1); // the last second is not whole
    await page.waitForTimeout(1_000);
    const different = await differencesOfMaps(page, `${url}`);
    const mean = frames.reduce((sum, some) => sum + some, 0) / frames.length;
    console.log(`frames in each second   ${frames.join(' ')}`);
    console.log(`frames a second         ${mean.toFixed(1)} (at least ${LEAST})`);
    console.log(`seats that differ       ${different}`);
    process.exitCode = mean >= LEAST && different === 0 ? 0 : 1;
  } finally {
    await browser.close();
  }
}

/** Zooms in and out and drags, as an eager visitor, until something is over. */
async function moveUntil(page: Page, over: Promise<unknown>): Promise<void> {
  let isOver = false;
  const watched = over.finally(() => {
    isOver = true;
  });
  const box = await page.locator('canvas').boundingBox();
  if (box === null) throw new Error('there is no plan');
  const [x, y] = [box.x + box.width / 2, box.y + box.height * 0.7];
  for (let step = 0; !isOver; step += 1) {
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, Math.sin(step / 6) > 0 ? -160 : 160);
    await page.mouse.down();
    await page.mouse.move(x + 60 * Math.sin(step / 4), y + 30 * Math.cos(step / 5), { steps: 3 });
    await page.mouse.up();
  }
  await watched;
}

await main().catch(exitOnStartFault);
