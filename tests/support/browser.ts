import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import axe, { type AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findChromium } from '../../loadtest/kit/chromium.ts';

const executablePath = findChromium();

/** Tests in a real Chromium, opened for them; where this machine has none they are skipped, and say so. */
export function describeInBrowser(what: string, tests: (browser: () => Browser) => void): void {
  if (executablePath === undefined) {
    process.stderr.write(
      `"${what}" is skipped: no Chromium was found. On Debian and Ubuntu: apt-get install chromium\n`,
    );
    // Skipped and not failed: who has no browser can still test everything else, and reads above what is left out.
    describe.skip(`${what} (no Chromium was found)`, () => tests(() => Object.create(null)));
    return;
  }
  describe(what, () => {
    let browser: Browser;
    beforeAll(async () => {
      // As root, as in containers, Chromium has no sandbox. These tests visit pages of ours alone.
      browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    });
    afterAll(() => browser.close());
    tests(() => browser);
  });
}

/**
 * A page of its own context. What it complains of, errors of scripts and of the console, goes to `complaints`, but for lines of the
 * console that a test is about.
 */
export async function openWatched(
  browser: Browser,
  complaints: string[],
  options: BrowserContextOptions,
  expected?: RegExp,
) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on('pageerror', (fault) => complaints.push(fault.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !expected?.test(message.text())) complaints.push(message.text());
  });
  return { context, page };
}

/** What everybody can read: as wide as the screen and no wider, nothing that axe complains of, in light and in dark. */
export async function expectReadable(page: Page): Promise<void> {
  const complaintsOf = async (options: string) => {
    const { violations } = await page.evaluate<AxeResults>(`axe.run(${options})`);
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
  };
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
  await page.evaluate(axe.source);
  await page.emulateMedia({ colorScheme: 'light' });
  expect(await complaintsOf('{}')).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await complaintsOf("{ runOnly: ['color-contrast'] }")).toEqual([]);
  await page.emulateMedia({ colorScheme: 'light' });
}
