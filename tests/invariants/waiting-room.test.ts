import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { settings } from '../../shared/config.ts';
import { createLoops } from '../../shared/platform/loops.ts';
import { openShards } from '../../shared/stores/redis/connections.ts';
import { withoutReplicas } from '../../shared/stores/redis/replicas.ts';
import { startWorkers } from '../../workers/workers.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { steppedLines } from '../support/stepped-lines.ts';
import { useSystem } from '../support/system.ts';
import { eventWithRoom, lineState, setRoom, visitorAt } from '../support/visitors.ts';

const system = useSystem({ ZONES: 1, ROWS: 10, SEATS_PER_ROW: 50 }, { redis: ownRedis });

const roomStore = () => system().rooms;

const roomOn = (change: Record<string, unknown> = {}) => eventWithRoom(system().url, change);

const hold = (event: number, headers: Record<string, string>) =>
  send(system().url, 'POST', '/api/bookings?wait=10', { eventId: event, userId: 1, count: 1 }, headers);

const stateOf = (event: number) => lineState(roomStore(), event);

const { prepareEvents } = steppedLines(system);

test.concurrent('two API processes give each position once, and give a visitor the same answer', async () => {
  const event = await roomOn();
  const other = await system().anotherApi();
  try {
    const visitors = Array.from({ length: 120 }, (_, i) => visitorAt(i % 2 ? system().url : other.url, event));
    const places = await Promise.all(visitors.map((visitor) => visitor.join()));
    const positions = places.map(({ position }) => Number(position)).sort((a, b) => a - b);
    expect(positions).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
    const first = visitors[0] ?? visitorAt('');
    const second = visitorAt(system().url, event);
    second.token = first.token;
    expect(await second.admitted()).toEqual(await first.admitted());
    const all = await Promise.all(
      [system().url, other.url].flatMap((url) =>
        [1, 2, 3].map(async () =>
          send(url, 'POST', '/api/bookings?wait=10', { eventId: event, userId: 1, count: 1 }, await first.admitted()),
        ),
      ),
    );
    expect(all.filter(({ status }) => status === 201)).toHaveLength(2);
  } finally {
    await other.close();
  }
});

test('a wipe of Redis changes no position, repeats no number and withdraws no turn', async () => {
  const event = await roomOn({ peopleInside: 3, uses: 1 });
  const visitors = Array.from({ length: 8 }, () => visitorAt(system().url, event));
  for (const visitor of visitors) await visitor.join();
  const admitted = await visitors[0]?.admitted();
  await visitors[2]?.admitted();
  const stateBefore = await stateOf(event);
  expect(stateBefore).toMatchObject({ joined: 8, serving: 3 });
  await system().redis.flushall();
  expect(await visitors[7]?.poll()).toMatchObject({ status: 'waiting', position: 8 });
  await until(async () => (await roomStore().read([event])).has(event), 15_000);
  const stateAfter = await stateOf(event);
  expect(stateAfter.serving).toBeGreaterThanOrEqual(stateBefore.serving);
  expect(stateAfter.joined).toBeGreaterThanOrEqual(stateBefore.joined);
  expect(await visitors[7]?.poll()).toMatchObject({ position: 8 });
  expect(Number((await visitorAt(system().url, event).join()).position)).toBeGreaterThan(8);
  expect(await hold(event, admitted ?? {})).toMatchObject({ status: 201 });
  await setRoom(system().url, { peopleInside: null }, event);
  await visitors[7]?.admitted();
});

test('a Redis that is killed and restarted admits no visitor twice', async () => {
  const event = await roomOn({ peopleInside: 2, uses: 1 });
  const visitors = Array.from({ length: 4 }, () => visitorAt(system().url, event));
  for (const visitor of visitors) await visitor.join();
  const tokens = [await visitors[0]?.admitted(), await visitors[1]?.admitted()];
  expect(await hold(event, tokens[0] ?? {})).toMatchObject({ status: 201 });
  await visitors[2]?.until('your_turn');
  await system().restartRedis();
  const admission = await until(async () => (await visitors[1]?.get())?.body.status === 'your_turn', 15_000).then(() =>
    visitors[1]?.admitted(),
  );
  expect(admission).toEqual(tokens[1]);
  await until(async () => (await hold(event, tokens[0] ?? {})).body.code === 'ADMISSION_INVALID', 15_000);
  expect((await stateOf(event)).serving).toBe(3);
  expect(await visitors[3]?.poll()).toMatchObject({ status: 'waiting', position: 4 });
});

test('while Redis does not answer, polls are answered at once and nobody is admitted', async () => {
  const event = await roomOn({ paused: true });
  const visitor = visitorAt(system().url, event);
  await visitor.join();
  // Together, so that no worker admits a visitor in between.
  const unpausing = system().redis.pipeline().hset(`{s0}:room:${event}`, 'paused', '0');
  await unpausing.call('CLIENT', 'PAUSE', '1500', 'ALL').exec();
  const startedAt = performance.now();
  while (performance.now() - startedAt < 1_200) {
    expect(await visitor.poll()).toMatchObject({ status: 'waiting', position: 1 });
  }
  await visitor.admitted();
});

test.concurrent('several workers admit no more than one would, and the line continues when one ends', async () => {
  const { redisUrl, prisma, log } = system();
  const redis = openShards({ redisUrl, shards: 1, role: 'worker', log });
  const config = { ...settings.parse({}), LOG_LEVEL: 'silent' as const };
  const more = await startWorkers({
    config,
    prisma,
    redis,
    replicas: withoutReplicas(redis),
    regular: { redis, replicas: withoutReplicas(redis) },
    loops: createLoops({ log }),
    log,
  });
  const event = await roomOn({ peoplePerMinute: 600 });
  await Promise.all(Array.from({ length: 300 }, () => visitorAt(system().url, event).join()));
  const startedAt = performance.now();
  const from = await stateOf(event);
  let last = 0;
  await until(async () => {
    const { serving } = await stateOf(event);
    expect(serving).toBeGreaterThanOrEqual(last);
    last = serving;
    return performance.now() - startedAt > 1_500;
  }, 15_000);
  await more.close();
  redis.disconnect();
  const servedByThen = (await stateOf(event)).serving;
  const seconds = (performance.now() - startedAt) / 1000;
  expect(servedByThen - from.serving).toBeLessThanOrEqual(10 * (seconds + 1) + 1); // a step makes up for one second
  await until(async () => (await stateOf(event)).serving > servedByThen, 15_000);
});

test('in any order of steps: `serving` never decreases, no number is given twice, no turn is used twice', async () => {
  await system().stopWorkers();
  const rooms = roomStore();
  const { redis } = system();
  const action = fc.oneof(
    fc.record({ kind: fc.constant('join' as const), count: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ kind: fc.constant('step' as const), lost: fc.boolean() }),
    fc.record({ kind: fc.constant('take' as const), at: fc.nat(200) }),
    fc.record({ kind: fc.constant('leave' as const), at: fc.nat(200) }),
    fc.record({ kind: fc.constant('wipe' as const) }),
    fc.record({ kind: fc.constant('keep' as const) }),
    fc.record({ kind: fc.constant('old' as const) }),
    fc.record({ kind: fc.constant('late' as const) }),
  );
  const events = await prepareEvents(8);
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 50 }), async (actions) => {
      const event = events.pop();
      if (event === undefined) throw new Error('no event is left');
      await rooms.change(event, { mode: 'on' });
      const line = { eventId: event, generation: await rooms.open(event) };
      const positions = new Set<number>();
      const departed = new Set<number>();
      let serving = 0;
      let savedRoom: Record<string, string> = {};
      let steppedMs = 0;
      let late: Parameters<typeof rooms.serve>[1] | undefined;
      for (const one of actions) {
        if (one.kind === 'join') {
          const reply = await rooms.join(line, one.count, '0'.repeat(64));
          if (reply === 'later' || 'spent' in reply) continue;
          for (let i = 0; i < one.count; i += 1) {
            expect(positions.has(reply.first + i)).toBe(false);
            positions.add(reply.first + i);
          }
        } else if (one.kind === 'step') {
          await redis.hset(`{s0}:room:${event}`, 'stepMs', Date.now() - 1_000);
          const step = await rooms.advance({ ...line, steppedMs: 0 }, 500);
          if (typeof step !== 'object') continue;
          const mirrored = await rooms.mirror(line, step, step.joined + 1_000);
          steppedMs = step.nowMs;
          if (mirrored && !one.lost) await rooms.serve(line, mirrored);
          late ??= mirrored;
        } else if (one.kind === 'take') {
          const arrival = [...positions][one.at % Math.max(1, positions.size)];
          if (arrival === undefined) continue;
          const [first, second] = [
            await rooms.takeTurn(line, arrival, arrival),
            await rooms.takeTurn(line, arrival, arrival),
          ];
          expect(second).toBe(first);
          if (arrival > serving) expect(first).toBe('WAIT');
          else if (departed.has(arrival)) expect(first).toBe('LEFT');
        } else if (one.kind === 'leave') {
          const arrival = [...positions][one.at % Math.max(1, positions.size)];
          if (arrival === undefined) continue;
          await rooms.leave(line, arrival, arrival);
          departed.add(arrival);
        } else if (one.kind === 'late') {
          if (late !== undefined) await rooms.serve(line, late); // a worker that was frozen meanwhile
        } else if (one.kind === 'keep') {
          savedRoom = await redis.hgetall(`{s0}:room:${event}`);
        } else if (one.kind === 'old') {
          if (steppedMs <= Number(savedRoom.stepMs ?? steppedMs)) continue;
          await redis.multi().del(`{s0}:room:${event}`).hset(`{s0}:room:${event}`, savedRoom).exec();
          expect(await rooms.advance({ ...line, steppedMs }, 500)).toBe('rebuild');
          await rooms.open(event);
        } else {
          const keys = await redis.keys(`{s0}:room*:${event}*`);
          if (keys.length > 0) await redis.del(keys);
          departed.clear(); // the departure is lost
          expect(await rooms.takeTurn(line, 1, 1)).toBe('REBUILD');
          await rooms.open(event);
        }
        const current = await stateOf(event);
        expect(current.serving).toBeGreaterThanOrEqual(serving);
        expect(current.joined).toBeGreaterThanOrEqual(current.serving);
        serving = current.serving;
      }
    }),
    { numRuns: 8, endOnFailure: true },
  );
  await system().resumeWorkers();
});

test.concurrent('each step publishes the line, and the last called position never goes back', async () => {
  const event = await roomOn({ peoplePerMinute: 600 });
  const { redisUrl, log } = system();
  const subscriber = openShards({ redisUrl, shards: 1, role: 'subscriber', log });
  const published: number[] = [];
  await system().rooms.follow(subscriber, (message) => {
    if (!(message instanceof Error) && message.eventId === event) published.push(message.state.serving);
  });
  const visitors = Array.from({ length: 40 }, () => visitorAt(system().url, event));
  for (const visitor of visitors) await visitor.join();
  await until(() => published.at(-1) === 40, 30_000);
  subscriber.disconnect();
  expect(new Set(published).size).toBeGreaterThan(5);
  expect(published).toEqual([...published].sort((a, b) => a - b));
  await visitors.at(-1)?.admitted();
});

test('no visitor waits once one behind was admitted, and no such answer is cached', async () => {
  const event = await roomOn({ peopleInside: 3 });
  const other = await system().anotherApi();
  try {
    const [first, second, third] = [
      visitorAt(system().url, event),
      visitorAt(other.url, event),
      visitorAt(system().url, event),
    ];
    for (const visitor of [first, second, third]) await visitor.join();
    await until(async () => (await stateOf(event)).serving === 3, 15_000);
    for (const { url } of [system(), other]) await setRoom(url, {}, event); // each reads the line
    const isGivenTurns = (isGiven: boolean) => system().redis.hset(`{s0}:room:${event}`, 'drawn', isGiven ? 1 : 0);
    await isGivenTurns(false);
    expect(await first.poll()).toMatchObject({ status: 'waiting', position: 1 });
    await isGivenTurns(true);
    expect(await third.poll()).toMatchObject({ status: 'your_turn' });
    await isGivenTurns(false);
    expect(await first.get()).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
    expect(await second.poll()).toMatchObject({ status: 'waiting' }); // its API admits no visitor
    await isGivenTurns(true);
    for (const visitor of [first, second]) expect(await visitor.poll()).toMatchObject({ status: 'your_turn' });
  } finally {
    await other.close();
  }
});
