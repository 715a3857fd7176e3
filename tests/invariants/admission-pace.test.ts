import { describe, expect, test } from '@jest/globals';
import { nextAdmissionStep } from '../../shared/domain/admission-rate.ts';
import { STEP_LEASE_MS } from '../../shared/domain/line.ts';
import { createStores } from '../../shared/stores/stores.ts';
import { until } from '../support/processes.ts';
import { steppedLines } from '../support/stepped-lines.ts';
import { useSystem } from '../support/system.ts';
import { lineState } from '../support/visitors.ts';

// The steps of a line: how many visitors each one calls, who makes it, and what it may not take back.

const system = useSystem({ ZONES: 1, ROWS: 10, SEATS_PER_ROW: 50 });

const { prepareEvents, steppedLine, passTime } = steppedLines(system);

const roomStore = () => system().rooms;

const stateOf = (event: number) => lineState(roomStore(), event);

test.each([40, 400, 4_000])(
  'admission reaches the pace of a queue that drains %d a second, and never makes it long',
  async (capacity) => {
    await system().stopWorkers();
    const rooms = roomStore();
    const { redis } = system();
    const [event = 0] = await prepareEvents(1);
    await rooms.change(event, { mode: 'on' });
    const line = { eventId: event, generation: await rooms.open(event) };
    await rooms.serve(line, { serving: 0, numbers: 5_000_000, people: null, chain: '' });
    await rooms.join(line, 5_000_000, '0'.repeat(64));
    const seats = 5_000_000;
    const coming = [0, 0, 0]; // an admitted visitor comes, takes the turn and books three steps later
    let came = 0;
    let [backlog, longest, letIn] = [0, 0, 0];
    let settled = Number(await redis.get('{s0}:settled'));
    const steps = 160;
    for (let i = 0; i < steps; i += 1) {
      const arrived = coming.shift() ?? 0;
      const turns = redis.pipeline();
      for (let n = 0; n < arrived; n += 1) {
        came += 1;
        turns.setbit(`{s0}:room-taken:${event}:${line.generation}:${Math.floor(came / 65_536)}`, came % 65_536, 1);
      }
      await turns.exec();
      backlog += arrived;
      const done = Math.min(backlog, capacity / 4);
      backlog -= done;
      settled += done;
      longest = Math.max(longest, backlog / capacity);
      const counters = { '{s0}:sequence': Math.round(settled + backlog), '{s0}:settled': Math.round(settled) };
      const changes = redis.multi().mset(counters).del('{s0}:booking:wait');
      if (backlog > 0) changes.lpush('{s0}:booking:wait', 'a job');
      await changes.hset(`{s0}:room:${event}`, 'stepMs', Date.now() - 250).exec();
      const step = await rooms.advance({ ...line, steppedMs: 0 }, seats);
      if (typeof step !== 'object') throw new Error(`no step: ${step}`);
      await rooms.serve(line, { serving: step.proposed, numbers: 0, people: null, chain: '' });
      coming.push(step.proposed - step.serving);
      if (i >= steps / 2) letIn += step.proposed - step.serving;
    }
    await redis.del('{s0}:booking:wait');
    expect(longest).toBeLessThan(2);
    expect(letIn / (steps / 8)).toBeGreaterThan(capacity * 0.7);
    await system().resumeWorkers();
  },
);

test('called visitors who have not come yet hold back the next calls, because they may all come at once', async () => {
  const { step } = await steppedLine(100_000);
  let serving = 0;
  for (let i = 0; i < 200; i += 1) serving = await step(100_000);
  expect(serving).toBe(3_000); // three seconds of a queue whose pace is unknown
  await system().resumeWorkers();
});

test('visitors are not admitted much faster than the queue was seen to drain', async () => {
  const { redis } = system();
  const { event, line, step } = await steppedLine(1_000_000);
  let came = 0;
  for (let i = 0; i < 120; i += 1) {
    const serving = await step(1_000_000);
    const turns = redis.pipeline();
    while (came < serving) {
      came += 1;
      turns.setbit(`{s0}:room-taken:${event}:${line.generation}:${Math.floor(came / 65_536)}`, came % 65_536, 1);
    }
    await turns.exec();
  }
  const rate = Number(await redis.hget(`{s0}:room:${event}`, 'rate'));
  expect(rate).toBe(1_250); // a quarter above the assumed drain
  expect(came).toBeGreaterThan(10_000);
  await system().resumeWorkers();
});

test('of workers that measured a line at once one steps, and one killed before its step loses nothing', async () => {
  const { event, line, step } = await steppedLine(1_000);
  const { redis } = system();
  const rooms = roomStore();
  await step(5_000);
  const serving = await step(5_000);
  await redis.hset(`{s0}:room:${event}`, 'stepMs', Date.now() - 250);
  const measure = async () => {
    const measured = await rooms.measure({ ...line, steppedMs: 0 }, 5_000);
    if (typeof measured !== 'object') throw new Error(`not measured: ${measured}`);
    return measured;
  };
  const killed = await measure(); // its worker writes nothing
  const first = await measure();
  const second = await measure();
  expect(first).toMatchObject({ measured: killed.measured, measurement: { line: killed.measurement.line } });
  const next = nextAdmissionStep(first.measurement);
  expect(next.more).toBeGreaterThan(0);
  expect(await rooms.step(line, first, next)).toBe(true);
  const written = await redis.hgetall(`{s0}:room:${event}`);
  expect(await rooms.step(line, second, nextAdmissionStep(second.measurement))).toBe(false);
  expect(await redis.hgetall(`{s0}:room:${event}`)).toEqual(written);
  // A proposal calls nobody: the next step is for the same visitors. A step makes up for a second at most, so this one
  // calls no fewer, however long the first waited.
  expect((await stateOf(event)).serving).toBe(serving);
  expect(await step(5_000, 1_000)).toBeGreaterThanOrEqual(serving + next.more);
  // A step that was computed under other settings is not written either.
  await redis.hset(`{s0}:room:${event}`, 'stepMs', Date.now() - 250);
  const outdated = await measure();
  await rooms.change(event, { paused: true });
  await rooms.open(event);
  expect(await rooms.step(line, outdated, nextAdmissionStep(outdated.measurement))).toBe(false);
  await system().resumeWorkers();
});

test('one worker steps a line; another does once it has not for a while, and a late step is not written', async () => {
  const { event, line, step } = await steppedLine(1_000);
  const { redis, redisShards, prisma } = system();
  const rooms = roomStore();
  const others = createStores({ redis: redisShards, prisma, shards: 1 }).rooms;
  const measure = async (sinceMs: number, by: typeof rooms) => {
    await redis.hset(`{s0}:room:${event}`, 'stepMs', Date.now() - sinceMs);
    return by.measure({ ...line, steppedMs: 0 }, 5_000);
  };
  await step(5_000);
  for (const sinceMs of [250, STEP_LEASE_MS - 100]) {
    const forMs = Number(await measure(sinceMs, others));
    expect(forMs).toBeGreaterThan(STEP_LEASE_MS + 150 - sinceMs);
    expect(forMs).toBeLessThanOrEqual(STEP_LEASE_MS + 250 - sinceMs);
  }
  // Its worker stands still from here on.
  const late = await measure(STEP_LEASE_MS + 250, rooms);
  const taken = await others.measure({ ...line, steppedMs: 0 }, 5_000);
  if (typeof late !== 'object' || typeof taken !== 'object') throw new Error('no step was due');
  expect(await others.step(line, taken, nextAdmissionStep(taken.measurement))).toBe(true);
  const written = await redis.hgetall(`{s0}:room:${event}`);
  expect(await rooms.step(line, late, nextAdmissionStep(late.measurement))).toBe(false);
  expect(await redis.hgetall(`{s0}:room:${event}`)).toEqual(written);
  expect(await measure(250, rooms)).toBeGreaterThan(STEP_LEASE_MS - 100);
  // A Redis that was wiped leaves the line to nobody.
  await redis.del(`{s0}:room:${event}`);
  await rooms.open(event);
  expect(await measure(250, rooms)).toMatchObject({ measurement: { line: { joined: expect.any(Number) } } });
  await system().resumeWorkers();
});

test('seats are not reserved for absent visitors: after their time others are called', async () => {
  const { event, step } = await steppedLine(1_000);
  const seats = 60;
  let serving = 0;
  for (let i = 0; i < 40; i += 1) serving = await step(seats);
  expect(serving).toBe(seats);

  await passTime(event, 37_000);
  for (let i = 0; i < 8; i += 1) serving = await step(seats);
  expect(serving).toBeGreaterThan(seats);
  await system().resumeWorkers();
});

describe('240 visitors who joined and never come', () => {
  const GHOSTS = 240;

  /**
   * A line that begins with them. `second` simulates one second: all who are called behind them come. It returns their
   * number.
   */
  async function ghostLine(limits: Record<string, number>, seats = 5_000) {
    const { event, line, step } = await steppedLine(5_000);
    const rooms = roomStore();
    await system().redis.hset(`{s0}:room:${event}`, { turnMs: 10_000, ...limits });
    let came = GHOSTS;
    return {
      event,
      async second(): Promise<{ serving: number; came: number }> {
        await passTime(event, 1_000);
        const serving = await step(seats, 1_000);
        const cameBefore = came;
        for (; came < serving; came += 1) expect(await rooms.takeTurn(line, came + 1, came + 1)).toBeGreaterThan(0);
        return { serving, came: came - cameBefore };
      },
    };
  }

  /** Seconds until those behind the ghosts are called, and the number that comes in that second. */
  async function passGhosts(second: Awaited<ReturnType<typeof ghostLine>>['second']) {
    for (let seconds = 1; seconds < 1_000; seconds += 1) {
      const { serving, came } = await second();
      if (serving > GHOSTS) return { seconds, came };
    }
    throw new Error('the ghosts hold the line for ever');
  }

  test.each([
    [20, 'with seats', 5_000],
    [5, 'with seats', 5_000],
    [20, 'without seats', 0],
    [5, 'without seats', 0],
  ])('do not hold back others for long where %d people may be inside, %s', async (insideLimit, _event, seats) => {
    const { event, second } = await ghostLine({ insideLimit }, seats);
    const passed = await passGhosts(second);
    expect(passed.seconds).toBeLessThan((GHOSTS / insideLimit) * 5); // of the 10 that each turn takes
    // Those behind all come and none of them books: at most twice the limit may be inside.
    let inside = passed.came;
    for (let i = 0; i < 20; i += 1) inside += (await second()).came;
    expect(inside).toBeGreaterThanOrEqual(insideLimit);
    expect(inside).toBeLessThanOrEqual(2 * insideLimit);
    // Once they have come, the limit holds.
    await system().redis.del(`{s0}:room-inside:${event}`);
    inside = 0;
    for (let i = 0; i < 20; i += 1) inside += (await second()).came;
    expect(inside).toBe(insideLimit);
    await system().resumeWorkers();
  });

  test('are passed at twice the pace where people a minute are bounded; after them the bound holds', async () => {
    const perMinute = 240;
    const { event, second } = await ghostLine({ perMinute });
    const passed = await passGhosts(second);
    expect(passed.seconds).toBeLessThan(40);
    const came = [passed.came];
    for (let i = 0; i < 180; i += 1) {
      came.push((await second()).came);
      await system().redis.del(`{s0}:room-inside:${event}`); // they book at once
    }
    const inMinute = came.map((_, i) => came.slice(i, i + 60).reduce((sum, each) => sum + each, 0));
    expect(Math.max(...inMinute.slice(0, 20))).toBeLessThanOrEqual(1.2 * perMinute);
    expect(Math.max(...inMinute.slice(20))).toBeLessThanOrEqual(perMinute + 4); // one step more or less
    expect(inMinute[60]).toBeGreaterThan(0.9 * perMinute);
    await system().resumeWorkers();
  });
});

describe('a site without seats', () => {
  test('gets its rate from the first step on, however high it is', async () => {
    const { event, step } = await steppedLine(1_000_000);
    await system().redis.hset(`{s0}:room:${event}`, 'perMinute', 600_000);
    const startedAt = performance.now();
    for (let i = 1; i <= 20; i += 1) {
      const serving = await step(0);
      expect(serving).toBeGreaterThanOrEqual(2_500 * i); // ten for each millisecond
      expect(serving).toBeLessThanOrEqual(2_500 * i + 10 * (performance.now() - startedAt));
    }
    await system().resumeWorkers();
  });

  test('is called no more people than it can have, and as many as it has reported', async () => {
    const { event, line, step } = await steppedLine(1_000);
    const rooms = roomStore();
    await system().redis.hset(`{s0}:room:${event}`, 'insideLimit', 50);
    let came = 0;
    for (let i = 0; i < 20; i += 1) {
      const serving = await step(0);
      expect(serving).toBe(50 + 7 * i);
      for (; came < serving; came += 1) expect(await rooms.takeTurn(line, came + 1, came + 1)).toBeGreaterThan(0);
      expect(await step(0)).toBe(serving);
      expect(await rooms.reportDone(event, 7, undefined)).toEqual({ done: 7 * (i + 1), inside: 43 });
    }
    await system().resumeWorkers();
  });

  test('has those of its visitors reported whose admissions end first, and no more than are inside', async () => {
    const { event } = await steppedLine(1);
    const { redis } = system();
    const rooms = roomStore();
    const bucket = Math.floor(Date.now() / 10_000);
    const key = `{s0}:room-inside:${event}`;
    await redis.hset(key, { [bucket - 1]: 5, [bucket + 90]: 4, [bucket + 100]: 2, [bucket + 20]: 3 });
    const buckets = () => redis.hmget(key, `${bucket + 20}`, `${bucket + 90}`, `${bucket + 100}`);
    expect(await rooms.reportDone(event, 4, undefined)).toEqual({ done: 4, inside: 5 });
    expect(await buckets()).toEqual(['0', '3', '2']);
    expect(await rooms.reportDone(event, 100, undefined)).toEqual({ done: 104, inside: 0 });
    expect(await buckets()).toEqual(['0', '0', '0']);
    expect(await rooms.reportDone(999_999, 1, undefined)).toBe('REBUILD');
    await system().resumeWorkers();
  });
});

test.each([
  ['shorter', { turnSeconds: 1, admissionSeconds: 1 }],
  ['longer', { turnSeconds: 600, admissionSeconds: 600 }],
])(
  'an announced admission keeps its end when turns become %s; later ones get the new length',
  async (_what, change) => {
    const { event, line, step } = await steppedLine(10);
    const rooms = roomStore();
    const { redis } = system();
    await redis.hset(`{s0}:room:${event}`, 'insideLimit', 4);
    for (let i = 0; i < 4; i += 1) await step(500);
    const announcedEnd = Number(await rooms.takeTurn(line, 1, 1));
    expect(announcedEnd).toBeGreaterThan(Date.now());
    const { serving } = await stateOf(event);
    const mirrored = {
      serving,
      turns: [
        [0, 0],
        [announcedEnd - 360_000, serving],
      ],
      people: 0,
    };
    await system().prisma.waitingRoom.update({ where: { eventId: event }, data: mirrored });
    await rooms.change(event, change);
    await rooms.open(event);
    expect(await rooms.takeTurn(line, 1, 1)).toBe(announcedEnd);
    await redis.hset(`{s0}:room:${event}`, 'insideLimit', 0);
    await step(500, 1_000);
    expect(await step(500, 1_000)).toBe(10);
    const later = Number(await rooms.takeTurn(line, 10, 10)) - Date.now();
    const lasts = 1000 * (change.turnSeconds + change.admissionSeconds);
    expect(later).toBeGreaterThan(lasts - 1_500);
    expect(later).toBeLessThanOrEqual(lasts);
    expect(await rooms.takeTurn(line, 1, 1)).toBe(announcedEnd);
    // A wipe of Redis does not shorten it either.
    const keys = await redis.keys(`{s0}:room*:${event}*`);
    await redis.del(keys);
    await rooms.open(event);
    expect(Number(await rooms.takeTurn(line, 2, 2))).toBeGreaterThanOrEqual(announcedEnd - 1_000);
    await system().resumeWorkers();
  },
);

test('many changes of the length of turns are stored, and never shorten an announced turn', async () => {
  const { event, line, step } = await steppedLine(1_000);
  const rooms = roomStore();
  const announcedEnds = new Map<number, number>();
  for (let i = 1; i <= 20; i += 1) {
    await system().redis.hset(`{s0}:room:${event}`, 'insideLimit', 10 * i);
    for (let steps = 0; steps < 8; steps += 1) await step(5_000);
    announcedEnds.set(10 * i, Number(await rooms.takeTurn(line, 10 * i, 10 * i)));
    await rooms.change(event, { turnSeconds: i % 2 === 0 ? 60 : 5 });
    await rooms.open(event);
  }
  for (const [position, untilMs] of announcedEnds)
    expect(Number(await rooms.takeTurn(line, position, position))).toBeGreaterThanOrEqual(untilMs);
  const terms = await system().redis.hget(`{s0}:room:${event}`, 'terms');
  expect(terms?.split(',').length).toBeLessThanOrEqual(16);
  await system().resumeWorkers();
});

test("steps that were recorded by a faster clock are dropped: the line continues by this Redis' clock", async () => {
  const { event, line, step } = await steppedLine(1_000);
  const rooms = roomStore();
  const { redis, prisma } = system();
  const key = `{s0}:room:${event}`;
  await redis.hset(key, 'insideLimit', 10);
  for (let i = 0; i < 3; i += 1) await step(5_000);
  const announcedEnd = Number(await rooms.takeTurn(line, 1, 1));
  const aheadMs = 3_600_000;
  const stepMs = Date.now() + aheadMs;
  await redis.hset(key, 'stepMs', stepMs, 'insideLimit', 40);
  const entries = await redis.zrange(`{s0}:room-history:${event}`, '0', '-1', 'WITHSCORES');
  for (let i = 2; i < entries.length; i += 2)
    await redis.zadd(`{s0}:room-history:${event}`, Number(entries[i + 1]) + aheadMs, String(entries[i]));
  await prisma.waitingRoom.update({ where: { eventId: event }, data: { steppedMs: stepMs } });

  await system().resumeWorkers();
  await until(async () => (await stateOf(event)).serving > 20, 15_000);
  const stepped = await prisma.waitingRoom.findUniqueOrThrow({ where: { eventId: event } });
  expect(Number(stepped.steppedMs)).toBeLessThanOrEqual(Date.now() + 1_000);
  const times = await Promise.all([1, 10, 20].map((position) => rooms.takeTurn(line, position, position)));
  expect([...times].sort()).toEqual(times);
  expect(Number(times[0])).toBeGreaterThanOrEqual(announcedEnd);
  expect(Number(times[2])).toBeLessThanOrEqual(Date.now() + 361_000);
});
