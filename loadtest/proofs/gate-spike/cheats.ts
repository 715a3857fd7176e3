import { entryParameter } from '../../../shared/domain/site-entry.ts';
import { createRandom, shuffled } from '../../kit/random.ts';
import type { Called } from '../../kit/waiting-crowd.ts';
import { type Browser, browse, type Crowd, cookieOf, endOf, enter, entryIn, PAGE, takeEntry, tryIn } from './crowd.ts';
import type { Method } from './desk.ts';
import { forge } from './forgeries.ts';
import { type Cheat, COPY } from './notes.ts';

/** Browsers that use one entry at once, and browsers with one cookie. */
const RACING = 8;
const SHARING = 5;

/** Milliseconds between two pages of a browser that shares its cookie, and for which it does. */
const SHARED_PAGE_MS = 5_000;
const SHARED_MS = 65_000;

/** Milliseconds after the end of a token until it is tried: clocks have whole seconds in tokens. */
const PAST_END_MS = 1_500;

/** Milliseconds for which an old cookie is valid beside the next one, and a little more. */
const PAST_GRACE_MS = 11_000;

const METHODS: Method[] = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'];

/** Addresses that may lead past the gate. */
const PATHS = [
  ...['/', '//', '/./sale', '/sale?frontrow_1=', '/gate/1'],
  ...['/frontrow-gate', '/%66rontrow-gate', '/sale/../frontrow-gate', '/@frontrow_redirect'],
  ...['/assets/../sale', '/assets/%2e%2e/sale', '/assets%2f..%2fsale'],
];

/** Headers in which a visitor names another request than the real one. */
function spoofsOf({ desk }: Crowd): Record<string, string>[] {
  const [site, other] = [new URL(desk.urls.site), new URL(desk.urls.other)];
  return [other, site].flatMap(({ origin, host }) => [
    { 'x-original-url': `${origin}/sale` },
    { 'x-forwarded-proto': 'http', 'x-forwarded-host': host, 'x-forwarded-uri': '/sale', 'x-forwarded-method': 'GET' },
    { host },
    { 'x-original-url': `${origin}/sale`, 'x-original-method': 'OPTIONS', 'x-site': 'other' },
    { forwarded: `host=${host};proto=http`, 'x-rewrite-url': '/healthz', 'x-http-method-override': 'OPTIONS' },
    { connection: 'X-Original-URL, X-Original-Method' },
  ]);
}

/** An address with a token in place of an entry. */
const pathWith = ({ event }: Crowd, token: string): string => `/sale?${entryParameter(event)}=${token}`;

/** Tries of a visitor who waits. `isEarly`: the turn has surely not come. */
export async function tryWhileWaiting(crowd: Crowd, token: string, isEarly: boolean): Promise<void> {
  const { desk, notes } = crowd;
  for (const method of METHODS) await tryIn(crowd, 'no cookie', { method, isPage: method === 'GET' });
  for (const path of PATHS) await tryIn(crowd, 'no cookie', { path });
  for (const headers of spoofsOf(crowd)) await tryIn(crowd, 'headers', { headers });
  await tryIn(crowd, 'tokens', { cookie: token });
  await tryIn(crowd, 'tokens', { path: pathWith(crowd, token) });
  if (!isEarly) return;
  notes.tried.add('early');
  const { url } = await desk.entry(token, desk.urls.site + PAGE);
  if (url !== undefined) notes.gotIn.add('early');
}

/** Shows tokens as the cookie, and as the entry of the address. */
async function show(crowd: Crowd, cheat: Cheat, tokens: readonly string[]): Promise<void> {
  for (const token of tokens) {
    await tryIn(crowd, cheat, { cookie: token });
    await tryIn(crowd, cheat, { path: pathWith(crowd, token) });
  }
}

/** Waits until a token has ended. Returns false where the run is over before. */
const untilEnd = ({ rest }: Crowd, token: string): Promise<boolean> =>
  rest(Math.max(0, endOf(token) - Date.now()) + PAST_END_MS);

/** Shows an admission after its end. */
export async function tryExpired(crowd: Crowd, { cookie = '' }: Browser): Promise<void> {
  if (await untilEnd(crowd, cookie)) await tryIn(crowd, 'expired', { cookie });
}

/** Browsers that use one entry at the same time. The one that gets in stays. */
async function race(crowd: Crowd, called: Called): Promise<void> {
  const { desk, notes } = crowd;
  const path = await takeEntry(crowd, called);
  const loads = Array.from({ length: RACING }, () => desk.load({ kind: 'raced', path }));
  const winners = (await Promise.all(loads)).filter(({ isIn, stored }) => isIn || stored !== undefined);
  notes.tried.add('raced', RACING - 1);
  notes.gotIn.add('raced', Math.max(0, winners.length - 1));
  if (winners.length === 0) throw new Error('nobody got in with an entry');
  notes.entries.set(called.position, 1);
  await browse(crowd, { cookie: winners[0]?.stored });
}

/**
 * Browsers with copies of one cookie, which load pages and renew it as browsers do. Ten seconds after the first of
 * them has shown the next one, only that one may get in.
 */
async function share(crowd: Crowd, called: Called): Promise<void> {
  const { notes, desk, rest } = crowd;
  const first = await enter(crowd, called, await takeEntry(crowd, called));
  const random = createRandom(called.visitor);
  const browsers: Browser[] = Array.from({ length: SHARING }, () => ({ ...first }));
  const [enteredMs, copied] = [Date.now(), cookieOf(first)];
  const seen = { seconds: 0, pages: 0 };
  let shownMs = Number.POSITIVE_INFINITY;
  while (Date.now() - enteredMs < SHARED_MS && (await rest(SHARED_PAGE_MS))) {
    for (const browser of shuffled(random, browsers)) {
      const isOut = browser.cookie === copied && Date.now() > shownMs + PAST_GRACE_MS;
      if (isOut) {
        await tryIn(crowd, 'shared', { cookie: copied });
        continue;
      }
      const isNext = browser.cookie !== copied;
      if (!(await browse(crowd, browser, { kind: COPY }))) continue;
      if (isNext) shownMs = Math.min(shownMs, Date.now());
      else if (browser !== browsers[0]) seen.pages += 1;
      if (browser.cookie === copied) seen.seconds = (Date.now() - enteredMs) / 1000;
    }
  }
  await desk.leave(called.token);
  if (shownMs !== Number.POSITIVE_INFINITY) notes.shared.push(seen);
}

/** Scripts with copies of one cookie, which store no other one. */
async function shareSilently(crowd: Crowd, called: Called): Promise<void> {
  const { notes, desk, rest } = crowd;
  const { cookie } = await enter(crowd, called, await takeEntry(crowd, called));
  const enteredMs = Date.now();
  const seen = { seconds: 0, pages: 0 };
  while (Date.now() < endOf(cookie ?? '') && (await rest(2 * SHARED_PAGE_MS)))
    for (let browser = 1; browser < SHARING; browser += 1) {
      const { isIn } = await desk.load({ kind: COPY, path: PAGE, cookie, isPage: false });
      if (!isIn) continue;
      seen.pages += 1;
      seen.seconds = (Date.now() - enteredMs) / 1000;
    }
  notes.silent.push(seen);
}

/** Leaves the line, and shows the admission. */
async function leave(crowd: Crowd, called: Called): Promise<void> {
  const path = await takeEntry(crowd, called);
  const browser = await enter(crowd, called, path);
  await crowd.desk.leave(called.token);
  await show(crowd, 'left', [cookieOf(browser)]);
  await tryIn(crowd, 'left', { cookie: cookieOf(browser), isPage: false });
  const { url } = await crowd.desk.entry(called.token, crowd.desk.urls.site + PAGE);
  if (url !== undefined) crowd.notes.gotIn.add('left');
}

/** Enters the other site of the room, and shows entry and admission to this one. */
async function comeFromOtherSite(crowd: Crowd, called: Called): Promise<void> {
  const entry = await takeEntry(crowd, called, 'other');
  await tryIn(crowd, 'other site', { path: entry });
  const browser: Browser = { cookie: undefined };
  if (!(await browse(crowd, browser, { path: entry, at: 'other' }))) throw new Error('the other site kept a visitor');
  const cookie = cookieOf(browser);
  await show(crowd, 'other site', [cookie]);
  for (const headers of spoofsOf(crowd)) await tryIn(crowd, 'headers', { headers, cookie });
  await enter(crowd, called, await takeEntry(crowd, called));
}

/** Enters the site by another event, and shows that admission to this one. */
async function comeFromOtherEvent(crowd: Crowd, called: Called): Promise<void> {
  const { desk, otherEvent, rest } = crowd;
  const { visitorToken } = await desk.join(otherEvent);
  for (;;) {
    const { admission, askAgainSeconds } = await desk.poll(visitorToken, otherEvent);
    if (admission !== undefined) break;
    if (!(await rest(1000 * askAgainSeconds))) return;
  }
  const { url = '' } = await desk.entry(visitorToken, desk.urls.site + PAGE, otherEvent);
  const headers = { 'x-original-url': url, 'x-original-method': 'GET', accept: 'text/html' };
  // The gate of the other event, as the site's proxy would ask it.
  const answer = await fetch(`${desk.urls.room}/gate/${otherEvent}`, { headers, redirect: 'manual' });
  const admission = /=([^;]*)/.exec(answer.headers.get('set-cookie') ?? '')?.[1];
  if (admission === undefined) throw new Error(`the gate of event ${otherEvent} gave no admission`);
  await show(crowd, 'other event', [admission, entryIn(url)]);
  await enter(crowd, called, await takeEntry(crowd, called));
}

type Plan = (crowd: Crowd, called: Called) => Promise<void>;

/** An honest entry before the tries. */
const entering =
  (then: (crowd: Crowd, called: Called, entered: { browser: Browser; path: string }) => Promise<void>): Plan =>
  async (crowd, called) => {
    const path = await takeEntry(crowd, called);
    await then(crowd, called, { browser: await enter(crowd, called, path), path });
  };

/** The uses that cheats make of their turns. */
export const plans: readonly Plan[] = [
  entering(async (crowd, _, { browser }) =>
    show(crowd, 'forged', await forge(cookieOf(browser), `${crowd.desk.urls.room}/.well-known/jwks.json`)),
  ),
  entering(async (crowd, _, { browser, path }) => {
    await tryIn(crowd, 'other kind', { cookie: entryIn(path) });
    await tryIn(crowd, 'other kind', { path: pathWith(crowd, cookieOf(browser)) });
    await tryIn(crowd, 'other kind', { path: pathWith(crowd, cookieOf(browser)), cookie: entryIn(path) });
  }),
  entering((crowd, { token, admission }) => show(crowd, 'tokens', [token, admission.token])),
  entering(async (crowd, _, { path }) => {
    await tryIn(crowd, 'replayed', { path });
    await Promise.all(METHODS.map((method) => tryIn(crowd, 'replayed', { path, method })));
  }),
  race,
  async (crowd, called) => {
    const path = await takeEntry(crowd, called);
    if (await untilEnd(crowd, entryIn(path))) await tryIn(crowd, 'expired entry', { path });
  },
  leave,
  comeFromOtherSite,
  comeFromOtherEvent,
  share,
  shareSilently,
  entering(async (crowd, _, { browser }) => void crowd.kept.push(browser)),
];
