import { expect, test } from '@jest/globals';
import { createOrder } from './domain.ts';
import { FrontrowError } from './error.ts';
import { createLineReader } from './line.ts';
import type { Transport } from './transport.ts';

/** The clock of the servers: a quarter of a century away from that of this machine. */
const AS_OF_MS = Date.UTC(2001, 0, 1);
const at = (seconds: number): string => new Date(AS_OF_MS + 1000 * seconds).toISOString();

const LINE = {
  eventId: 1,
  status: 'waiting',
  asOf: at(0),
  generation: 3,
  paused: false,
  stopped: false,
  sold: false,
  requiresLogin: false,
  people: 0,
  joined: 5_000,
  serving: 100,
  ratePerSecond: 1,
  growthPerSecond2: 0,
  topPerSecond: 1,
  fastestPerSecond: 1,
  steady: true,
  seatsSpare: 9_000,
  seatsEach: 1,
  seatsMost: 1,
  seatBackSeconds: 900,
  turnSeconds: 60,
};
const DRAW = { seed: '5'.repeat(64), people: 1_000, chain: 'c'.repeat(64) };

/** The token of an anonymous visitor with this arrival number. */
const tokenOf = (arrival: number, { generation = 3, user = 0 } = {}) =>
  `v.1.${generation}.${arrival}.${user}.signature`;

type Answer = { line: unknown; headers: Record<string, string> };

/** An answer that a cache has kept for so many seconds. `Date` is that of the server. */
const kept = (line: unknown, ageSeconds = 0): Answer => ({ line, headers: { date: at(0), age: String(ageSeconds) } });

/** A reader whose requests get these answers, one after the other. */
function readerOf(...answers: (Answer | Error)[]) {
  const requests: string[] = [];
  async function attempt(method: string, path: string) {
    requests.push(`${method} ${path}`);
    const answer = answers.shift();
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error('one request too many');
    return { status: 200, headers: new Headers(answer.headers), body: answer.line };
  }
  const { read } = createLineReader({ transport: { attempt } as unknown as Transport, eventId: 1 });
  return { requests, read: (token: string, signal?: AbortSignal) => read(token, signal) };
}

/** Reads once, with an answer of its own. */
const readOnce = (token: string, line: object, ageSeconds = 0) => readerOf(kept(line, ageSeconds)).read(token);

test('the place and the wait follow from the line, whatever the clock of the machine shows', async () => {
  const view = await readOnce(tokenOf(201), LINE);
  expect(view).toMatchObject({ status: 'waiting', position: 201, ahead: 100, wait: { seconds: 100 } });
  expect(await readOnce(tokenOf(201), LINE, 9)).toMatchObject({ ahead: 100, wait: { seconds: 91 } });
  expect(await readOnce(tokenOf(17), { ...LINE, people: 1_000, draw: DRAW, serving: 0 })).toMatchObject({
    position: createOrder(DRAW)(17),
  });
  const { people: _, ...gathering } = LINE;
  const early = { ...gathering, status: 'before_sale', onSaleAt: at(90), timeZone: 'Europe/Berlin' };
  expect(await readOnce(tokenOf(17), early, 7)).toMatchObject({ status: 'before_sale', onSaleAt: at(90), now: at(9) });
  expect(await readOnce(tokenOf(17), { eventId: 1, status: 'ended', asOf: at(0) })).toMatchObject({ status: 'ended' });
});

test('the age of the line and the time until the next read stay within half a turn, or a visitor polls', async () => {
  for (const age of [0, 5, 12, 20, 26]) {
    const { askAgainSeconds = 0 } = (await readOnce(tokenOf(4_900), LINE, age)) ?? {};
    expect(askAgainSeconds).toBeGreaterThanOrEqual(1);
    expect(askAgainSeconds + age).toBeLessThanOrEqual(30);
  }
  for (const age of [29, 300]) expect(await readOnce(tokenOf(4_900), LINE, age)).toBeUndefined();
  expect(await readOnce(tokenOf(4_900), { ...LINE, turnSeconds: 29 })).toBeUndefined();
  expect(await readOnce(tokenOf(4_900), { ...LINE, turnSeconds: 30 })).toMatchObject({ status: 'waiting' });
});

test('a cache without `Age` writes its own date, and an age that is unknown is none', async () => {
  const readWith = (headers: Record<string, string>) => readerOf({ line: LINE, headers }).read(tokenOf(4_900));
  const { askAgainSeconds = 30 } = (await readWith({ date: at(20) })) ?? {};
  expect(askAgainSeconds).toBeLessThanOrEqual(10);
  expect(await readWith({ date: at(29) })).toBeUndefined();
  expect(await readWith({})).toBeUndefined();
  expect(await readWith({ date: at(-3_600) })).toBeUndefined(); // Redis' clock and the server's differ
});

test('a visitor who is called polls, and so does one whose place may have ended', async () => {
  const other = tokenOf(4_900, { generation: 2 });
  const { read, requests } = readerOf(
    ...[LINE, LINE, { ...LINE, requiresLogin: true }, LINE].map((line) => kept(line)),
  );
  expect(await read(tokenOf(100))).toBeUndefined();
  expect(await read(other)).toBeUndefined();
  expect(await read(tokenOf(4_900))).toBeUndefined();
  expect(await read(tokenOf(4_900))).toMatchObject({ position: 4_900 }); // these were no fault of the line
  expect(requests).toEqual(Array(4).fill('GET /api/events/1/line'));
  const users = readerOf(kept({ ...LINE, requiresLogin: true }));
  expect(await users.read(tokenOf(4_900, { user: 7 }))).toMatchObject({ position: 4_900 });
});

test.each([
  ['null', null],
  ['nothing of a line', {}],
  ['the line of another event', { ...LINE, eventId: 2 }],
  ['a line without its numbers', { ...LINE, serving: null }],
  ['a status of another version', { eventId: 1, status: 'moved', asOf: at(0) }],
  ['a draw without its seed', { ...LINE, people: 9_000, draw: {} }],
])('an answer with %s is not read, and the visitor polls for a minute', async (_, line) => {
  const { read, requests } = readerOf(kept(line));
  expect(await read(tokenOf(4_900))).toBeUndefined();
  expect(await read(tokenOf(4_900))).toBeUndefined();
  expect(requests).toHaveLength(1);
});

test('a server without the line is not asked again, but one that failed is, and no earlier than it asks', async () => {
  const refusal = (status: number, retryAfterMs = 0) => new FrontrowError('INTERNAL', '', { status, retryAfterMs });
  const older = readerOf(refusal(404));
  for (let i = 0; i < 2; i += 1) expect(await older.read(tokenOf(4_900))).toBeUndefined();
  expect(older.requests).toHaveLength(1);

  const failing = readerOf(refusal(503), new FrontrowError('NO_ANSWER', ''), refusal(429, 60_000));
  for (let i = 0; i < 4; i += 1) expect(await failing.read(tokenOf(4_900))).toBeUndefined();
  expect(failing.requests).toHaveLength(3);

  const token = readerOf();
  expect(await token.read('of another version')).toBeUndefined();
  expect(token.requests).toEqual([]);
});

test('numbers never go back when an older answer comes late, and a line of before the draw is not read', async () => {
  const drawn = { ...LINE, people: 1_000, draw: DRAW };
  const { people: _, ...gathering } = { ...LINE, status: 'before_sale' };
  const nextLine = { ...LINE, generation: 4, serving: 5 };
  const lines = [{ ...drawn, serving: 150 }, drawn, gathering];
  const { read } = readerOf(...lines.map((line) => kept(line)));
  expect(await read(tokenOf(4_900))).toMatchObject({ ahead: 4_749 });
  expect(await read(tokenOf(4_900))).toMatchObject({ ahead: 4_749 });
  expect(await read(tokenOf(4_900))).toBeUndefined();
  const another = readerOf(kept(LINE), kept(nextLine));
  await another.read(tokenOf(4_900));
  expect(await another.read(tokenOf(4_900, { generation: 4 }))).toMatchObject({ ahead: 4_894 });
});

test('a visit that is aborted ends with its reason', async () => {
  const { read } = readerOf(new Error('aborted'));
  await expect(read(tokenOf(4_900), AbortSignal.abort('away'))).rejects.toBe('away');
});
