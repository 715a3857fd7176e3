import { oneByOne } from '../../kit/one-by-one.ts';
import type { Called, WaitingCrowd } from '../../kit/waiting-crowd.ts';
import { plans, tryExpired, tryWhileWaiting } from './cheats.ts';
import { browse, type Crowd, cookieOf, endOf, enter, isPutOut, PAGE, takeEntry, waitingPage } from './crowd.ts';
import { VISITOR } from './notes.ts';

/** First requests that are under way at once. */
const ARRIVING = 64;

/** Milliseconds between the pages of a visitor. The second one comes when the cookie is renewed. */
const PAGES_MS = [5_000, 26_000, 2_000];

/** Milliseconds before the end of an admission in which no page is requested. */
const NEAR_END_MS = 2_000;

/** Milliseconds between two visitors who cheat while they wait. */
const CHEAT_MS = 500;

const isLeaving = (visitor: number, each: number): boolean => visitor % each === each - 2;

/** Whether a visitor gives up the place, or never comes back. */
export const isGone = (visitor: number, each: number): boolean => visitor % each >= each - 2;

/** All visitors request the site first, and are sent to the waiting page. */
export const arriveAll = ({ desk, notes, event }: Crowd, size: number): Promise<void> =>
  oneByOne(size, ARRIVING, async (visitor) => {
    const { status, location } = await desk.load({ kind: VISITOR, path: PAGE });
    if (status !== 302 || location !== waitingPage({ desk, event }))
      notes.misled.push(`visitor ${visitor}: ${status} ${location}`);
  });

/** Visitors who leave before the sale. */
export async function leaveSome({ desk, each }: Crowd, { tokens }: WaitingCrowd): Promise<void> {
  const leaving = tokens.filter((_, visitor) => isLeaving(visitor, each));
  await oneByOne(leaving.length, ARRIVING, async (i) => void (await desk.leave(leaving[i] ?? '')));
}

/** A visitor in the site: pages, with the cookie that is renewed, and one after the end. */
async function visit(crowd: Crowd, called: Called): Promise<void> {
  const { notes, rest } = crowd;
  const browser = await enter(crowd, called, await takeEntry(crowd, called));
  for (const ms of PAGES_MS) {
    if (!(await rest(ms)) || Date.now() > endOf(cookieOf(browser)) - NEAR_END_MS) return;
    if (!isPutOut(crowd, browser) && (await browse(crowd, browser))) continue;
    if (isPutOut(crowd, browser)) notes.putOut += 1;
    else notes.kept.push(`position ${called.position} after it was in`);
    return;
  }
  await tryExpired(crowd, browser);
}

/** Uses a turn: as a cheat, or as a visitor. */
export async function useTurn(crowd: Crowd, called: Called): Promise<void> {
  const use = plans[called.visitor % crowd.each] ?? visit;
  await use(crowd, called).catch((fault: Error) => {
    crowd.notes.kept.push(`position ${called.position}: ${fault.message}`);
  });
}

/**
 * Visitors who cheat while they wait, one after the other, until the run is over.
 *
 * @param options.isBeforeSale whether nobody is called yet
 * @param options.margin positions behind the last called one that are surely not called while a visitor tries
 */
export async function cheatWhileWaiting(
  crowd: Crowd,
  { tokens, positionOf }: WaitingCrowd,
  { isBeforeSale, margin }: { isBeforeSale: () => boolean; margin: number },
): Promise<void> {
  const { notes, rest, each } = crowd;
  for (let visitor = plans.length; await rest(CHEAT_MS); visitor = (visitor + each) % tokens.length) {
    const token = tokens[visitor];
    if (token === undefined) continue;
    const { serving = 0 } = notes.lines.at(-1) ?? {};
    const position = positionOf(visitor);
    const isEarly = isBeforeSale() || (position !== undefined && position > serving + margin);
    await tryWhileWaiting(crowd, token, isEarly).catch((fault: Error) => void notes.faults.push(fault.message));
  }
}
