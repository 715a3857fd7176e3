import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GRACE_MS, RENEW_MS, type SiteVisitor } from '../../shared/domain/site-entry.ts';
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
  | { act: 'load'; browser: number; mayRenew: boolean }
  | { act: 'copy'; browser: number; to: number };

const browser = fc.nat(BROWSERS - 1);
const anyAct: fc.Arbitrary<Act> = fc.oneof(
  { arbitrary: fc.record({ act: fc.constant('give' as const) }), weight: 3 },
  { arbitrary: fc.record({ act: fc.constant('enter' as const), browser, entry: fc.nat(2) }), weight: 4 },
  { arbitrary: fc.record({ act: fc.constant('load' as const), browser, mayRenew: fc.boolean() }), weight: 3 },
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
  /** The serial numbers that were given, and the entries that were taken. */
  const given = new Set<number>();
  const taken = new Set<number>();
  let entered = 0;

  function store(browser: number, serial: number | undefined): void {
    if (serial === undefined) return;
    expect(given).not.toContain(serial); // no two browsers get the same number
    given.add(serial);
    cookies[browser] = serial;
  }

  async function enter(browser: number, entry: number): Promise<void> {
    const answer = await siteEntries.judge(tokenOf(entry), { isEntry: true, mayRenew: true });
    if ('refused' in answer) return;
    expect(taken).not.toContain(entry); // an entry is taken once
    taken.add(entry);
    entered += 1;
    store(browser, answer.serial);
  }

  async function load(browser: number, mayRenew: boolean): Promise<void> {
    const serial = cookies[browser];
    if (serial === undefined) return;
    const answer = await siteEntries.judge(tokenOf(serial), { isEntry: false, mayRenew });
    if ('refused' in answer) cookies[browser] = undefined;
    else store(browser, answer.serial);
  }

  async function run(act: Act): Promise<void> {
    if (act.act === 'give') entries.push((await siteEntries.read(place)).serial);
    if (act.act === 'copy') cookies[act.to] = cookies[act.browser];
    if (act.act === 'load') await load(act.browser, act.mayRenew);
    const entry = act.act === 'enter' ? entries.at(-1 - act.entry) : undefined;
    if (act.act === 'enter' && entry !== undefined) await enter(act.browser, entry);
  }

  for (const { acts, passedMs } of batches) {
    await Promise.all(acts.map(run));
    await makeEntriesOlder(redis, event, passedMs);
  }
  expect(entered).toBeLessThanOrEqual(USES);
  await makeEntriesOlder(redis, event, GRACE_MS);
  const last = Math.max(...given);
  for (const serial of given) {
    const answer = await siteEntries.judge(tokenOf(serial), { isEntry: false, mayRenew: false });
    expect([serial, 'refused' in answer]).toEqual([serial, serial !== last]); // one number is valid, and it is the last
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
  ['takes an entry twice', "if serial < last then return refusal('TAKEN') end", ''],
  ['counts no uses', 'entries = entries + 1', ''],
  ['gives a number twice', 'raiseTo(serial + 1)\nreturn answer(serial + 1)', 'return answer(serial + 1)'],
  [
    'forgets that a number was replaced',
    "if serial < last then return refusal('REPLACED') end",
    'if serial < last then return answer() end',
  ],
  ['never ends the grace', 'nowMs - sinceMs < GRACE_MS', 'true'],
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
