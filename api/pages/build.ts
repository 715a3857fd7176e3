import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { projectRoot } from '../../shared/platform/root.ts';
import type { Encoded } from '../http/encoded.ts';

/** A language of the pages: the script with its texts (English has none), and the texts of the shell. */
export type Language = { name: string; chunk: string | undefined; shell: Shell };

/** The texts that the API itself writes into pages: `web/texts/en/shell.ts`. */
export type Shell = Readonly<
  Record<
    | 'locale'
    | 'events'
    | 'eventsAbout'
    | 'myBookings'
    | 'waitingRoom'
    | 'freeOfCharge'
    | 'noPage'
    | 'noPageWhy'
    | 'noEvent'
    | 'noEventWhy'
    | 'toEvents'
    | 'noScript',
    string
  >
>;

const TYPES: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The web app as `npm run build` made it. All of it is small, and stays in memory. */
export function readBuild() {
  const built = join(projectRoot, 'build', 'web');
  const names = readdirSync(join(built, 'assets')).filter((name) => extname(name) in TYPES);
  const languages = JSON.parse(readFileSync(join(built, 'languages.json'), 'utf8')) as Record<
    string,
    Omit<Language, 'name'>
  >;
  return {
    template: readFileSync(join(built, 'index.html'), 'utf8'),
    /** The first is English. */
    languages: Object.entries(languages).map(([name, { chunk, shell }]): Language => ({ name, chunk, shell })),
    /** By path below `/assets`. The build has compressed each. */
    assets: new Map(names.map((name) => [`/${name}`, readAsset(join(built, 'assets', name))])),
  };
}

export type Build = ReturnType<typeof readBuild>;

export function readAsset(file: string): Encoded {
  const [identity, br, gzip] = ['', '.br', '.gz'].map((suffix) => readFileSync(file + suffix)) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  const forms = { identity, br, gzip };
  return { type: TYPES[extname(file)] as string, bytesOf: (encoding) => forms[encoding] };
}
