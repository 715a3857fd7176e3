import { afterEach, expect, test } from '@jest/globals';
import { createClient, type VisitorView } from '../../client/src/index.ts';
import { send } from '../support/client.ts';
import { type Gateway, startGateway } from '../support/faulty-gateway.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';
import { eventWithRoom, lineState, newEvent, setRoom } from '../support/visitors.ts';

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 20 });

let gateway: Gateway;
let closed: () => void;
afterEach(async () => {
  closed();
  await gateway.close();
});

async function open() {
  gateway = await startGateway(system().url);
  const client = createClient({ baseUrl: gateway.url });
  closed = client.close;
  return client;
}
const joins = () => gateway.of('POST', /waiting-room/);

/** The views of a visit, as they come. */
function watched(views: AsyncIterable<VisitorView>) {
  const seen: VisitorView[] = [];
  const ended = (async () => {
    for await (const view of views) seen.push(view);
  })();
  return { seen, ended, statuses: () => [...new Set(seen.map(({ status }) => status))] };
}

test('a visitor is admitted, and the admission goes with bookings until it is used up', async () => {
  const client = await open();
  const eventId = await eventWithRoom(system().url, { uses: 1 });
  await expect(client.book({ eventId, userId: 1, count: 1 })).rejects.toMatchObject({ code: 'ADMISSION_REQUIRED' });
  const admission = await client.waitingRoom(eventId).admission();
  expect(client.admission(eventId)?.token).toBe(admission?.token);
  expect(await (await client.book({ eventId, userId: 1, count: 1 })).outcome()).toMatchObject({ status: 'PENDING' });
  const beyond = await client.book({ eventId, userId: 1, count: 1 });
  await expect(beyond.outcome()).rejects.toMatchObject({ code: 'ADMISSION_INVALID' });
  expect(client.admission(eventId)).toBeUndefined();
});

test('an admission that the server does not accept is forgotten', async () => {
  const client = await open();
  const eventId = await eventWithRoom(system().url);
  await client.waitingRoom(eventId).admission();
  const confirm = `delete all bookings of event ${eventId}`;
  await send(system().url, 'DELETE', `/api/events/${eventId}/bookings`, { confirm });
  const refusal = async () => {
    const ticket = await client.book({ eventId, userId: 1, count: 1 });
    await ticket.outcome();
  };
  await expect(refusal()).rejects.toMatchObject({ code: 'ADMISSION_INVALID' });
  expect(client.admission(eventId)).toBeUndefined();
});

test('a line that requires work is joined with it, also where the answer to it is lost', async () => {
  const client = await open();
  const eventId = await eventWithRoom(system().url, { challenge: 'work', challengeBits: 10 });
  const work: number[] = [];
  gateway.break(/^POST .*waiting-room/, { status: 503, headers: { 'retry-after': '2' } });
  const admission = await client.waitingRoom(eventId).admission({ onWork: (done) => work.push(done) });
  expect(admission?.token).toEqual(expect.any(String));
  expect(work[0]).toBe(0);
  const [refused, next] = joins();
  expect((next?.atMs ?? 0) - (refused?.atMs ?? 0)).toBeGreaterThanOrEqual(2_000);
});

test('a visitor who comes before the sale is drawn and admitted when it starts', async () => {
  const client = await open();
  const eventId = await newEvent(system().url, { onSaleAt: new Date(Date.now() + 15_000).toISOString() });
  await setRoom(system().url, { mode: 'on' }, eventId);
  const visit = watched(client.waitingRoom(eventId).views());
  await until(
    () => visit.seen.some(({ status }) => status === 'your_turn'),
    60_000,
    () => JSON.stringify(visit.seen),
  );
  expect(visit.statuses()[0]).toBe('before_sale');
  expect(joins()).toHaveLength(1);
  await client.waitingRoom(eventId).leave();
  await visit.ended;
});

test('a place that the server no longer knows is taken anew, and a visit is not over by that', async () => {
  const client = await open();
  const eventId = await eventWithRoom(system().url, { paused: true });
  const room = client.waitingRoom(eventId);
  const visit = watched(room.views());
  await until(() => visit.seen.length === 1, 20_000);
  const before = room.visitorToken();
  const confirm = `delete all bookings of event ${eventId}`;
  await send(system().url, 'DELETE', `/api/events/${eventId}/bookings`, { confirm });
  await until(() => room.visitorToken() !== before, 30_000);
  await until(() => visit.seen.length >= 2, 20_000);
  expect(visit.statuses()).toEqual(['waiting']);
  expect(joins()).toHaveLength(2);
  await room.leave();
  await visit.ended;
  expect([visit.seen.at(-1)?.status, room.visitorToken()]).toEqual(['left', undefined]);
});

test('a turn that has passed ends the visit, until the place is forgotten', async () => {
  const client = await open();
  const eventId = await eventWithRoom(system().url, { turnSeconds: 1, admissionSeconds: 60, paused: true });
  const room = client.waitingRoom(eventId);
  const leaving = new AbortController();
  const visit = room.views({ signal: leaving.signal });
  await visit.next();
  leaving.abort('away');
  await expect(visit.next()).rejects.toBe('away');
  await setRoom(system().url, { paused: false }, eventId);
  await until(async () => (await lineState(system().rooms, eventId)).serving > 0, 20_000);
  await new Promise((turnEnds) => setTimeout(turnEnds, 1_500));
  await expect(room.admission()).rejects.toMatchObject({ code: 'NOT_ADMITTED' });
  await setRoom(system().url, { turnSeconds: 120 }, eventId); // the next turn must not pass on a slow machine
  room.forgetPlace();
  expect(await room.admission()).toMatchObject({ token: expect.any(String) });
});

test('no admission is needed where there is no line', async () => {
  const client = await open();
  expect(await client.waitingRoom(1).admission()).toBeUndefined();
  await expect(client.waitingRoom(999_999).admission()).rejects.toMatchObject({ code: 'EVENT_UNKNOWN' });
});

test('a visitor who polls does so no earlier than asked, and keeps the place through lost answers', async () => {
  const client = await open();
  const eventId = await eventWithRoom(system().url, { paused: true });
  gateway.break(/^GET .*line$/, { status: 404 }, 10); // a server without the line
  gateway.break(/^GET .*waiting-room/, 'lost');
  gateway.break(/^GET .*waiting-room/, { status: 502, body: '<html>' });
  const room = client.waitingRoom(eventId);
  const visit = watched(room.views());
  await until(() => visit.seen.length === 2, 40_000);
  const [joined, polled] = [joins()[0]?.atMs ?? 0, gateway.of('GET', /waiting-room/)[0]?.atMs ?? 0];
  expect(polled - joined).toBeGreaterThanOrEqual(1000 * (visit.seen[0]?.askAgainSeconds ?? 0));
  expect(visit.seen.map(({ position }) => position)).toEqual([1, 1]);
  await room.leave();
  await visit.ended;
});
