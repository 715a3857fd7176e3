import { afterAll, beforeAll, describe } from '@jest/globals';
import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../../loadtest/chromium.ts';

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
