import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GRACE_MS, MAX_UNSHOWN, RENEW_MS, type SiteVisitor } from '../../shared/domain/site-entry.ts';
import { defineScript, scriptText } from '../../shared/stores/redis/scripts.ts';
import { makeEntriesOlder } from '../support/site-entries.ts';
import { useSystem } from '../support/system.ts';
import { eventWithRoom } from '../support/visitors.ts';

const system = useSystem({ ZONES: 1, ROWS: 1, SEATS_PER_ROW: 10 });
const SITE = 'https://shop.example';
const USES = 3;
const BROWSERS = 4;

/** One visitor's way to a site, from several browsers. Acts of one batch are sent at the same time. */
type Act =
  | { act: 'give' }
  /** `entry`: how many entries were given after it. */
  | { act: 'enter'; browser: number; entry: number }
  /** `isLost`: the answer never arrives. */
  | { act: 'load'; browser: number; mayRenew: boolean; isLost: boolean }
  | { act: 'copy'; browser: number; to: number };

const browser = fc.nat(BROWSERS - 1);
const anyAct: fc.Arbitrary<Act> = fc.oneof(
  { arbitrary: fc.record({ act: fc.constant('give' as const) }), weight: 3 },
  { arbitrary: fc.record({ act: fc.constant('enter' as const), browser, entry: fc.nat(2) }), weight: 4 },
  {
    arbitrary: fc.record({ act: fc.constant('load' as const), browser, mayRenew: fc.boolean(), isLost: fc.boolean() }),
    weight: 6,
  },
  { arbitrary: fc.record({ act: fc.constant('copy' as const), browser, to: browser }), weight: 1 },
);
const anyBatch = fc.record({
  acts: fc.array(anyAct, { maxLength: 5 }),
  passedMs: fc.constantFrom(0, GRACE_MS, RENEW_MS),
});

let positions = 0;

/** Plays batches for a new position, and throws where a promise is broken. */
async function play(event: number, batches: readonly { acts: Act[]; passedMs: number }[]): Promise<void> {
  const { siteEntries, redis } = system();
  positions += 1;
  const place = { eventId: event, generation: 1, position: positions, site: SITE };
  const tokenOf = (serial: number): SiteVisitor => ({ ...place, arrival: positions, serial, untilMs: 0 });
  const entries: number[] = [];
  const cookies: (number | undefined)[] = Array.from({ length: BROWSERS });
  /** The serial numbers that were given, the entries that were taken, and the highest number that was shown. */
  const given = new Set<number>();
  const taken = new Set<number>();
  let shown = 0;
  let shownBefore = 0;

  function note(serial: number | undefined): void {
    if (serial === undefined) return;
    expect(given).not.toContain(serial); // no two browsers get the same number
    given.add(serial);
  }

  async function enter(browser: number, entry: number): Promise<void> {
    const answer = await siteEntries.judge(tokenOf(entry), { isEntry: true, mayRenew: true });
    if ('refused' in answer) return;
    expect(taken).not.toContain(entry); // an entry is taken once
    taken.add(entry);
    note(answer.serial);
    cookies[browser] = answer.serial;
  }

  async function load(browser: number, mayRenew: boolean, isLost: boolean): Promise<void> {
    const serial = cookies[browser];
    if (serial === undefined) return;
    const unshown = [...given].filter((number) => number > shownBefore).length;
    const answer = await siteEntries.judge(tokenOf(serial), { isEntry: false, mayRenew });
    const isRefused = 'refused' in answer;
    // Nobody has shown a higher number for long: an answer that was lost must not shut this browser out.
    if (serial >= shownBefore && unshown < MAX_UNSHOWN) expect([serial, isRefused]).toEqual([serial, false]);
    if (!isRefused) shown = Math.max(shown, serial);
    if (isRefused) cookies[browser] = undefined;
    else note(answer.serial);
    if (!isRefused && !isLost && answer.serial !== undefined) cookies[browser] = answer.serial;
  }

  async function run(act: Act): Promise<void> {
    if (act.act === 'give') entries.push(await siteEntries.count(place));
    if (act.act === 'copy') cookies[act.to] = cookies[act.browser];
    if (act.act === 'load') await load(act.browser, act.mayRenew, act.isLost);
    const entry = act.act === 'enter' ? entries.at(-1 - act.entry) : undefined;
    if (act.act === 'enter' && entry !== undefined) await enter(act.browser, entry);
  }

  for (const { acts, passedMs } of batches) {
    shownBefore = shown;
    await Promise.all(acts.map(run));
    await makeEntriesOlder(redis, event, passedMs);
  }
  expect(taken.size).toBeLessThanOrEqual(USES);
  const last = Math.max(0, ...given);
  const judge = (serial: number) => siteEntries.judge(tokenOf(serial), { isEntry: false, mayRenew: false });
  if (last > shown) await judge(last);
  await makeEntriesOlder(redis, event, GRACE_MS);
  for (const serial of given) {
    if (serial === last) continue;
    expect([serial, 'refused' in (await judge(serial))]).toEqual([serial, true]); // the others are out
  }
}

/** Plays random histories. @throws an error where one breaks a promise */
async function playHistories(numRuns: number): Promise<void> {
  const event = await eventWithRoom(system().url, { sites: [SITE], uses: USES });
  await fc.assert(
    fc.asyncProperty(fc.array(anyBatch, { minLength: 4, maxLength: 16 }), (batches) => play(event, batches)),
    { numRuns, endOnFailure: true, seed: 26 },
  );
}

afterEach(() => defineScript(system().redis, 'enterSite'));

test('each serial number goes to one browser, each entry is taken once, and uses bound them', () => playHistories(100));

test.each([
  ['takes an entry twice', "if serial < state.entries then return refusal('TAKEN') end", ''],
  ['counts no uses', 'if state.entries >= (tonumber(line[3]) or 1)', 'if false'],
  ['gives a number twice', 'state.last = state.last + 1\n', 'state.last = state.shown + 1\n'],
  ['never ends the grace', 'nowMs - state.shownMs < GRACE_MS', 'true'],
  ['forgets what was shown', 'state.shown = serial\n', ''],
  [
    'shuts out a browser whose answer was lost',
    'state.issuedMs = nowMs\n',
    'state.issuedMs, state.before, state.shown, state.shownMs = nowMs, state.shown, state.last, nowMs\n',
  ],
  ['gives no grace', 'serial >= state.before and', 'false and'],
])('the histories find a script that %s', async (_bug, from, to) => {
  const text = scriptText('enterSite');
  expect(text).toContain(from);
  defineScript(
    system().redis,
    'enterSite',
    text.replace(from, () => to),
  );
  await expect(playHistories(100)).rejects.toThrow();
});
