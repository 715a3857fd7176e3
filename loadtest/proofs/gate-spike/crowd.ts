import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { Called } from '../../kit/waiting-crowd.ts';
import type { Desk, SiteRequest } from './desk.ts';
import { type Cheat, type Notes, VISITOR } from './notes.ts';

/** The visitors of one run. */
export type Crowd = {
  desk: Desk;
  notes: Notes;
  event: number;
  /** Of so many visitors one is a cheat of each kind, one leaves the line, and one never comes back. */
  each: number;
  /** An event with a line of its own, in front of the same site. */
  otherEvent: number;
  /** Waits so many milliseconds. Returns false once the run is over. */
  rest: (ms: number) => Promise<boolean>;
  /** Admissions by the first key that are kept for the time after its end. */
  kept: Browser[];
  /** The key that was withdrawn. */
  withdrawnKey: string | undefined;
};

/** A browser with the cookie of a site. */
export type Browser = { cookie: string | undefined };

/** Redirects that a browser follows for one page. */
const MAX_REDIRECTS = 4;

export const PAGE = '/sale?size=2';

/** The place in line from which visitors of an address come back to it. */
export const waitingPage = ({ desk, event }: Pick<Crowd, 'desk' | 'event'>, path = PAGE): string =>
  `${desk.urls.room}/events/${event}/wait?return=${encodeURIComponent(desk.urls.site + path)}`;

export const endOf = (token: string): number => 1000 * Number(decodeJwt(token).exp);

const keyOf = (token: string): string => String(decodeProtectedHeader(token).kid);

/** Stores an admission, and counts its key. */
function store({ notes }: Crowd, browser: Browser, token: string): void {
  browser.cookie = token;
  notes.byKey.add(keyOf(token));
}

/**
 * Loads a page as a browser does: follows redirects on the site, and stores the cookie. Returns whether the visitor
 * got the page; otherwise the browser shows the waiting page.
 *
 * @throws Error where the answer is none that a visitor expects
 */
export async function browse(crowd: Crowd, browser: Browser, request: Partial<SiteRequest> = {}): Promise<boolean> {
  const { desk, notes } = crowd;
  const at = request.at ?? 'site';
  let path = request.path ?? PAGE;
  for (let redirects = 0; redirects < MAX_REDIRECTS; redirects += 1) {
    const { status, isIn, location, stored } = await desk.load({
      kind: VISITOR,
      ...request,
      path,
      cookie: browser.cookie,
    });
    if (isIn) {
      notes.pages += 1;
      if (stored !== undefined) notes.renewals += 1;
      if (stored !== undefined) store(crowd, browser, stored);
      return true;
    }
    if (status !== 302) throw new Error(`a page answered ${status}`);
    if (stored !== undefined) store(crowd, browser, stored);
    if (location.startsWith(`${desk.urls.room}/`)) return false;
    if (!location.startsWith(`${desk.urls[at]}/`)) throw new Error(`a page led to ${location}`);
    path = location.slice(desk.urls[at].length);
  }
  throw new Error(`${path}: too many redirects`);
}

export const cookieOf = ({ cookie }: Browser): string => cookie ?? '';

/** Whether the admission of a browser was signed by a key. */
export const isOfKey = ({ cookie }: Browser, key: string): boolean => cookie !== undefined && keyOf(cookie) === key;

/** Whether a browser was put out because its key was withdrawn. */
export const isPutOut = ({ withdrawnKey }: Crowd, browser: Browser): boolean =>
  withdrawnKey !== undefined && isOfKey(browser, withdrawnKey);

/** An entry to the site, as the path of its address. */
export async function takeEntry({ desk }: Crowd, { token }: Pick<Called, 'token'>, at: 'site' | 'other' = 'site') {
  const { url, code } = await desk.entry(token, desk.urls[at] + PAGE);
  if (url === undefined) throw new Error(`no entry: ${code}`);
  return url.slice(desk.urls[at].length);
}

export const entryIn = (path: string): string =>
  [...new URLSearchParams(path.split('?')[1])].find(([name]) => name.startsWith('frontrow_'))?.[1] ?? '';

/** A browser that enters the site with an entry. */
export async function enter(crowd: Crowd, { position }: Called, path: string): Promise<Browser> {
  const browser: Browser = { cookie: undefined };
  if (!(await browse(crowd, browser, { path }))) throw new Error(`position ${position} was kept out with its entry`);
  crowd.notes.entries.set(position, (crowd.notes.entries.get(position) ?? 0) + 1);
  return browser;
}

/** A try of a cheat. The page and a cookie both count as getting in. */
export async function tryIn({ desk, notes }: Crowd, cheat: Cheat, request: Omit<SiteRequest, 'kind'>): Promise<void> {
  notes.tried.add(cheat);
  const { isIn, stored } = await desk.load({ path: PAGE, ...request, kind: cheat });
  if (isIn || stored !== undefined) notes.gotIn.add(cheat);
}
