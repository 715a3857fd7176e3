import { afterAll, afterEach, expect, test } from '@jest/globals';
import { createClient, type VisitorView } from '../../client/src/index.ts';
import { send } from '../support/client.ts';
import { runWithClient } from '../support/client-bundle.ts';
import { type Gateway, startGateway } from '../support/faulty-gateway.ts';
import { cleanUp, until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';
import { eventWithRoom, newEvent, setRoom, visitorAt } from '../support/visitors.ts';

const system = useSystem();
afterAll(cleanUp);

const gateways: Gateway[] = [];
const leaving: AbortController[] = [];
afterEach(async () => {
  for (const controller of leaving.splice(0)) controller.abort();
  for (const gateway of gateways.splice(0)) await gateway.close();
});

const LINE = /^GET .*\/line$/;

/** A visitor with a gateway of their own, and what was seen. */
async function visit(eventId: number) {
  const gateway = await startGateway(system().url);
  gateways.push(gateway);
  const room = createClient({ baseUrl: gateway.url }).waitingRoom(eventId);
  const seen: VisitorView[] = [];
  const controller = new AbortController();
  leaving.push(controller);
  const ended = (async () => {
    for await (const view of room.views({ signal: controller.signal })) {
      seen.push(view);
      if (view.admission !== undefined) return;
    }
  })().catch((fault) => {
    if (!controller.signal.aborted) throw fault;
  });
  await until(() => seen.length > 0, 20_000);
  return {
    gateway,
    seen,
    ended,
    token: () => room.visitorToken() ?? '',
    reads: () => gateway.of('GET', /\/line$/).length,
    polls: () => gateway.of('GET', /waiting-room/).length,
  };
}

/** The place that a poll shows. */
async function polledPlace(eventId: number, token: string) {
  const visitor = visitorAt(system().url, eventId);
  visitor.token = token;
  const { status, position, ahead } = await visitor.poll();
  return { status, position, ahead };
}
const placeOf = ({ status, position, ahead }: VisitorView) => ({ status, position, ahead });

test('visitors who wait read the line, and poll once, when they are called: those in front first', async () => {
  const eventId = await eventWithRoom(system().url, { paused: true, peoplePerMinute: 30 });
  const visitors: Awaited<ReturnType<typeof visit>>[] = [];
  for (let i = 0; i < 4; i += 1) visitors.push(await visit(eventId));
  await until(() => visitors.every(({ reads, seen }) => reads() > 0 && seen.length > 1), 40_000);
  for (const [i, { seen, polls, token }] of visitors.entries()) {
    expect(seen[1]).toMatchObject({ status: 'waiting', position: i + 1, ahead: i, paused: true });
    expect(placeOf(seen[1] as VisitorView)).toEqual(await polledPlace(eventId, token()));
    expect(polls()).toBe(0);
  }
  await setRoom(system().url, { paused: false }, eventId);
  await Promise.all(visitors.map(({ ended }) => ended));
  for (const { seen, polls } of visitors) {
    expect(seen.at(-1)).toMatchObject({ status: 'your_turn', admission: { token: expect.any(String) } });
    expect(new Set(seen.map(({ status }) => status))).toEqual(new Set(['waiting', 'your_turn']));
    expect(polls()).toBe(1);
  }
});

test('after the draw each visitor has the position that a poll has, without polling', async () => {
  const onSaleAt = new Date(Date.now() + 8_000).toISOString();
  const eventId = await newEvent(system().url, { onSaleAt });
  await setRoom(system().url, { mode: 'on', paused: true }, eventId);
  const visitors = await Promise.all(Array.from({ length: 5 }, () => visit(eventId)));
  expect(visitors.map(({ seen }) => seen[0]?.status)).toEqual(Array(5).fill('before_sale'));
  const isDrawn = ({ seen }: (typeof visitors)[number]) => seen.at(-1)?.status === 'waiting';
  await until(() => visitors.every(isDrawn), 60_000);
  for (const { seen, token, polls } of visitors) {
    expect(placeOf(seen.at(-1) as VisitorView)).toEqual(await polledPlace(eventId, token()));
    expect(polls()).toBe(0);
  }
  const positions = visitors.map(({ seen }) => seen.at(-1)?.position);
  expect(positions.sort()).toEqual([1, 2, 3, 4, 5]);
});

test('a place is resumed by the line, and one that a clear has ended is replaced', async () => {
  const eventId = await eventWithRoom(system().url, { paused: true });
  const { token, seen, polls, gateway } = await visit(eventId);
  const before = token();
  const confirm = `delete all bookings of event ${eventId}`;
  await send(system().url, 'DELETE', `/api/events/${eventId}/bookings`, { confirm });
  await until(() => token() !== before, 40_000);
  await until(() => seen.length > 2, 40_000);
  expect([polls(), gateway.of('POST', /waiting-room/).length]).toEqual([1, 2]);
  expect(new Set(seen.map(({ status }) => status))).toEqual(new Set(['waiting']));
});

test('with turns of less than half a minute visitors poll as before', async () => {
  const eventId = await eventWithRoom(system().url, { paused: true, turnSeconds: 29 });
  const { seen, polls, reads } = await visit(eventId);
  await until(() => seen.length > 2, 60_000);
  expect([polls(), reads()]).toEqual([2, 1]);
});

test('a visitor polls while a cache has only an old line, and takes the turn in time', async () => {
  const eventId = await eventWithRoom(system().url, { paused: true, turnSeconds: 60 });
  const old = await fetch(`${system().url}/api/events/${eventId}/line`);
  const answer = { body: await old.text(), headers: { date: old.headers.get('date') ?? '', age: '29' } };
  const { gateway, ended, seen, reads, polls } = await visit(eventId);
  gateway.break(LINE, { status: 200, ...answer }, 1_000); // it never shows that anybody was called
  await setRoom(system().url, { paused: false }, eventId);
  await ended;
  expect(seen.at(-1)?.status).toBe('your_turn');
  expect([reads(), polls()]).toEqual([1, 1]);
});

test('where the line is lost or refused, visitors poll and keep their places', async () => {
  const eventId = await eventWithRoom(system().url, { paused: true });
  const visitors = await Promise.all(Array.from({ length: 3 }, () => visit(eventId)));
  const faults = [
    'lost',
    { status: 404 },
    { status: 200, body: '<html>Log in to the hotel’s network</html>' },
  ] as const;
  for (const [i, fault] of faults.entries()) visitors[i]?.gateway.break(LINE, fault, 1_000);
  await until(() => visitors.every(({ polls }) => polls() > 0), 60_000);
  await until(() => visitors.every(({ seen }) => seen.length > 1), 20_000);
  for (const { seen } of visitors) expect(seen[1]).toMatchObject({ ...placeOf(seen[0] as VisitorView), paused: true });
});

test('machines whose clocks are an hour off read the line like others', async () => {
  const eventId = await eventWithRoom(system().url, { paused: true });
  const machines = await Promise.all(
    [-3_600_000, 3_600_000].map(async (shiftMs) => {
      const gateway = await startGateway(system().url);
      gateways.push(gateway);
      const script = `
        const room = createClient({ baseUrl: '${gateway.url}' }).waitingRoom(${eventId});
        for await (const { status, askAgainSeconds, admission } of room.views()) {
          console.log(status, askAgainSeconds <= 30);
          if (admission !== undefined) break;
        }`;
      const { ended } = await runWithClient(script, { shiftMs });
      return { ended, asked: (path: RegExp) => gateway.of('GET', path).length };
    }),
  );
  await until(() => machines.every(({ asked }) => asked(/\/line$/) > 0), 40_000);
  expect(machines.map(({ asked }) => asked(/waiting-room/))).toEqual([0, 0]);
  await setRoom(system().url, { paused: false }, eventId);
  for (const { ended, asked } of machines) {
    expect((await ended).output).toMatch(/^(waiting true\n)+your_turn true\n/);
    expect(asked(/waiting-room/)).toBe(1);
  }
});
