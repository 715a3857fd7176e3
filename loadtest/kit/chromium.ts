import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Names of Chromium in distributions, and paths of Chromium and Chrome outside the PATH. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const PATHS = ['/usr/lib/chromium/chromium', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];

/** The Chromium of this machine, if it has one. */
export const findChromium = (): string | undefined =>
  [
    ...(process.env.PATH ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))),
    ...PATHS,
  ].find((path) => existsSync(path));
