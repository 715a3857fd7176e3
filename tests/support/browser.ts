import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import axe, { type AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findChromium } from '../../loadtest/kit/chromium.ts';

const executablePath = findChromium();

/** Tests that run in a real Chromium. They are skipped, with a message, where this machine has none. */
export function describeInBrowser(name: string, tests: (browser: () => Browser) => void): void {
  if (executablePath === undefined) {
    process.stderr.write(
      `"${name}" is skipped: no Chromium was found. On Debian and Ubuntu: apt-get install chromium\n`,
    );
    describe.skip(`${name} (no Chromium was found)`, () => tests(() => Object.create(null)));
    return;
  }
  describe(name, () => {
    let browser: Browser;
    beforeAll(async () => {
      // Chromium has no sandbox as root, as in containers. These tests open only Frontrow's own pages.
      browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    });
    afterAll(() => browser.close());
    tests(() => browser);
  });
}

/**
 * Opens a page in a new browser context. Errors of scripts and of the console go to `errors`, except `expected` lines
 * of the console. The camera does not fly (`reducedMotion`), so that tests do not wait for it.
 */
export async function openWatched(
  browser: Browser,
  errors: string[],
  options: BrowserContextOptions,
  expected?: RegExp,
) {
  const context = await browser.newContext({ reducedMotion: 'reduce', locale: 'en-GB', ...options });
  const page = await context.newPage();
  page.on('pageerror', (fault) => errors.push(fault.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !expected?.test(message.text())) errors.push(message.text());
  });
  return { context, page };
}

/** Checks that a page is no wider than the screen and that axe finds nothing, in light and in dark. */
export async function expectReadable(page: Page): Promise<void> {
  const violationsIn = async (options: string) => {
    const { violations } = await page.evaluate<AxeResults>(`axe.run(${options})`);
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
  };
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
  await page.evaluate(axe.source);
  await page.emulateMedia({ colorScheme: 'light' });
  expect(await violationsIn('{}')).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await violationsIn("{ runOnly: ['color-contrast'] }")).toEqual([]);
  await page.emulateMedia({ colorScheme: 'light' });
}
