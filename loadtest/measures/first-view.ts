import { type Browser, chromium } from 'playwright-core';
import { ConfigError } from '../../shared/platform/config-error.ts';
import { findChromium } from '../kit/chromium.ts';
import { command, text } from '../kit/command.ts';
import { type Check, figureLines } from '../kit/report.ts';
import { median } from '../kit/statistics.ts';
import { findTarget } from '../kit/target.ts';

/** A slow mobile network: milliseconds before each answer, and bytes a second. */
const NETWORK = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };

/** Milliseconds in which the seats should be drawn, and the layout shift that a page should stay below. */
const VIEW_MS = 3_000;
const MAX_SHIFT = 0.1;

/** Loads of each page: each with an empty cache. */
const LOADS = 5;

const SCREENS = { desk: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };

/** Milliseconds after which late parts have been drawn. */
const SETTLED_MS = 1_000;

/** Records when the page first shows its name, its seats, and that it is live, and what moves. */
const RECORD = `
  globalThis.seen = { shift: 0 };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) seen.shift += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
  const first = { name: 'h1', seats: 'canvas', live: '.connection.live' };
  new MutationObserver(() => {
    for (const [what, selector] of Object.entries(first))
      if (document.querySelector(selector) !== null) seen[what] ??= performance.now();
  }).observe(document, { subtree: true, childList: true, attributes: true });`;

type Seen = { name: number; seats: number; live: number; shift: number };

async function load(browser: Browser, address: string, viewport: { width: number; height: number }): Promise<Seen> {
  const context = await browser.newContext({ viewport });
  try {
    const page = await context.newPage();
    const network = await context.newCDPSession(page);
    await network.send('Network.enable');
    await network.send('Network.emulateNetworkConditions', NETWORK);
    await page.addInitScript(RECORD);
    await page.goto(address);
    await page.locator('.connection.live').waitFor();
    await page.waitForTimeout(SETTLED_MS);
    return await page.evaluate<Seen>('seen');
  } finally {
    await context.close();
  }
}

async function measure(browser: Browser, address: string): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [screen, viewport] of Object.entries(SCREENS)) {
    const loads: Seen[] = [];
    for (let i = 0; i < LOADS; i += 1) loads.push(await load(browser, address, viewport));
    const medianOf = (what: keyof Seen) => median(loads.map((seen) => seen[what]));
    const shift = Math.max(...loads.map((seen) => seen.shift));
    const milliseconds = (what: keyof Seen) => `${Math.round(medianOf(what))} ms`;
    console.log(
      figureLines([
        [`${screen}: the event is named after`, milliseconds('name')],
        ['... its seats are drawn after', milliseconds('seats')],
        ['... and it is live after', milliseconds('live')],
      ]),
    );
    checks.push(
      {
        what: `${screen}: the seats are drawn within ${VIEW_MS} ms`,
        held: medianOf('seats') <= VIEW_MS,
        figure: milliseconds('seats'),
      },
      {
        what: `${screen}: nothing moves by ${MAX_SHIFT} or more`,
        held: shift < MAX_SHIFT,
        figure: shift.toFixed(3),
      },
    );
  }
  return checks;
}

await command({
  name: 'first-view',
  summary: `Opens the page of event 1 of a running system in Chromium on a slow network (400 ms, 50 kB/s), on desk and
phone, each time with an empty cache.`,
  options: { url: text('address of the API', 'URL', 'the system that runs on DATA_DIR') },
  async run({ url }) {
    const address = url ?? findTarget(undefined).urls[0] ?? '';
    const executablePath = findChromium();
    if (executablePath === undefined)
      throw new ConfigError('No Chromium was found. On Debian: apt-get install chromium');
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    try {
      return await measure(browser, `${address}/events/1`);
    } finally {
      await browser.close();
    }
  },
});
