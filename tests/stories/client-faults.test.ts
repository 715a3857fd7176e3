import { describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import type { FrontrowError, Ticket } from '../../client/src/index.ts';
import { useClientBehindGateway } from '../support/client-behind-gateway.ts';
import { runWithClient } from '../support/client-bundle.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';
import { eventWithRoom } from '../support/visitors.ts';

const system = useSystem({ ZONES: 2, ROWS: 20, SEATS_PER_ROW: 65 });
const open = useClientBehindGateway(system);

let lastUser = 0;
const request = () => {
  lastUser += 1;
  return { eventId: 1, userId: lastUser, count: 1 };
};
const bookingsOf = (userId: number) => system().prisma.booking.count({ where: { userId } });

/** Follows a ticket to its end. @returns its outcomes: there must be one */
async function outcomesOf(ticket: Ticket): Promise<string[]> {
  const outcomes: string[] = [];
  for await (const { status } of ticket.states()) if (status !== 'queued') outcomes.push(status);
  return outcomes;
}

/** The least milliseconds between requests that arrived one after the other. */
const leastPauseMs = (requests: readonly { atMs: number }[]) =>
  Math.min(...requests.slice(1).map(({ atMs }, i) => atMs - (requests[i]?.atMs ?? 0)));

describe('a request', () => {
  test('whose answer is lost is sent again under its key, and books once', async () => {
    const { client, gateway } = await open();
    const booked = request();
    const faults: string[] = [];
    gateway.break(/^POST/, 'lost', 2);
    const ticket = await client.book(booked, { onRetry: ({ code }) => faults.push(code) });
    expect(await outcomesOf(ticket)).toEqual(['booked']);
    const sent = gateway.of('POST', /bookings$/);
    expect([sent.length, new Set(sent.map(({ key }) => key)).size, faults]).toEqual([3, 1, ['NO_ANSWER', 'NO_ANSWER']]);
    expect(await bookingsOf(booked.userId)).toBe(1);
    expect((await (await client.book(booked, { key: sent[0]?.key ?? '' })).outcome()).id).toBe(ticket.id);
    gateway.break(/^POST .*confirm/, 'lost');
    expect(await client.confirm(ticket.id, { userId: booked.userId })).toMatchObject({ status: 'CONFIRMED' });
  });

  test.each([429, 503])('that is answered %i is sent again no earlier than Retry-After allows', async (status) => {
    const { client, gateway } = await open();
    const pauses: number[] = [];
    const onRetry = (_: FrontrowError, pauseMs: number) => void pauses.push(pauseMs);
    gateway.break(/^POST/, { status, headers: { 'retry-after': '2' }, body: '{"code":"OVERLOADED"}' });
    const first = client.book(request(), { onRetry });
    await until(() => pauses.length === 1, 5_000);
    const second = client.book(request()); // of the same method and path: it waits as well
    const event = await client.event(1); // of another
    expect([event.id, gateway.of('POST', /bookings/).length]).toEqual([1, 1]);
    const tickets = await Promise.all([first, second]);
    expect(await Promise.all(tickets.map(outcomesOf))).toEqual([['booked'], ['booked']]);
    expect(leastPauseMs(gateway.of('POST', /bookings/).slice(0, 2))).toBeGreaterThanOrEqual(2_000);
    expect(pauses[0]).toBeGreaterThanOrEqual(2_000);
  });

  test('that succeeds does not lift the pause of one that was refused meanwhile', async () => {
    const { client, gateway } = await open();
    gateway.break(/^POST/, 700);
    gateway.break(/^POST/, { status: 503, headers: { 'retry-after': '2' } });
    let isRefused = false;
    const slow = client.book(request());
    await until(() => gateway.of('POST', /bookings/).length === 1, 5_000);
    const refused = client.book(request(), {
      onRetry: () => {
        isRefused = true;
      },
    });
    await until(() => isRefused, 5_000);
    await slow;
    await Promise.all([refused, client.book(request())]);
    const [, at, next] = gateway.of('POST', /bookings/);
    expect((next?.atMs ?? 0) - (at?.atMs ?? 0)).toBeGreaterThanOrEqual(2_000);
  });

  test('follows a date as Retry-After, by the clock of the server', async () => {
    const { client, gateway } = await open();
    const headers = { date: 'Mon, 30 Nov 2020 08:00:00 GMT', 'retry-after': 'Mon, 30 Nov 2020 08:00:02 GMT' };
    gateway.break(/^GET/, { status: 503, headers });
    expect((await client.event(1)).id).toBe(1);
    expect(leastPauseMs(gateway.of('GET', /events/))).toBeGreaterThanOrEqual(2_000);
  });

  test('is sent again after an answer that is no JSON, or comes too late', async () => {
    const { client, gateway } = await open();
    const faults: [string, number][] = [];
    const onRetry = ({ code, status }: FrontrowError) => faults.push([code, status]);
    gateway.break(/^GET/, { status: 502, body: '<html>Bad Gateway</html>' });
    gateway.break(/^GET/, { status: 502, body: 'null' });
    gateway.break(/^GET/, { status: 200, body: '<html>Log in to the hotel’s network</html>' });
    gateway.break(/^GET/, 'silent');
    expect((await client.request('GET', '/api/events/1', { timeoutMs: 400, onRetry })).status).toBe(200);
    // On a slow machine more answers than these come too late.
    expect(new Set(faults.map(String))).toEqual(new Set(['INTERNAL,502', 'NO_ANSWER,0']));
  });
});

describe.each(['long polls', 'a WebSocket'])('tickets that are followed by %s', (way) => {
  const isSocket = way === 'a WebSocket';

  /** Books while no worker runs: the tickets wait. */
  async function queued(count: number) {
    Object.assign(globalThis, { WebSocket: isSocket ? WebSocket : undefined });
    const { client, gateway } = await open();
    await system().stopWorkers();
    const requests = Array.from({ length: count }, request);
    const tickets = await Promise.all(requests.map((wish) => client.book(wish)));
    const outcomes = Promise.all(tickets.map(outcomesOf));
    await until(() => (isSocket ? gateway.sockets() === 1 : gateway.of('GET', /tickets/).length >= count), 20_000);
    return { client, gateway, outcomes, users: requests.map(({ userId }) => userId) };
  }
  const once = (count: number) => Array.from({ length: count }, () => ['booked']);

  test('end once where the API is replaced by another and every connection is cut', async () => {
    const first = await system().anotherApi();
    const { gateway, outcomes, users } = await queued(10);
    gateway.redirect(first.url);
    gateway.cut();
    await until(() => !isSocket || gateway.sockets() === 1, 20_000);
    gateway.redirect('http://127.0.0.1:9'); // nobody listens
    await first.close();
    gateway.cut();
    await system().resumeWorkers();
    gateway.redirect(system().url);
    expect(await outcomes).toEqual(once(10));
    expect(await Promise.all(users.map(bookingsOf))).toEqual(users.map(() => 1));
  });

  test('end once where answers and messages are lost', async () => {
    const { gateway, outcomes } = await queued(5);
    gateway.break(/^GET .api.tickets/, 'lost', 5);
    gateway.cut();
    await system().resumeWorkers();
    expect(await outcomes).toEqual(once(5));
  });

  test('end once where reads are refused for a while, no earlier than Retry-After allows', async () => {
    const { gateway, outcomes } = await queued(1);
    const refusal = { status: 503, headers: { 'retry-after': '2' } };
    const from = gateway.requests.length;
    gateway.break(/^GET .api.tickets/, refusal, 2);
    await until(() => gateway.requests.length >= from + 3, 30_000);
    await system().resumeWorkers();
    expect(await outcomes).toEqual(once(1));
    expect(leastPauseMs(gateway.requests.slice(from, from + 3))).toBeGreaterThanOrEqual(2_000);
  });
});

test('a ticket ends where its WebSocket falls silent, because it is read too', async () => {
  Object.assign(globalThis, { WebSocket });
  const { client, gateway } = await open();
  await system().stopWorkers();
  const ticket = await client.book(request());
  const outcomes = outcomesOf(ticket);
  // The long poll from before the socket was open has ended: from now on the socket brings the outcome.
  await until(() => gateway.sockets() === 1 && gateway.of('GET', /tickets/).length >= 2, 30_000);
  gateway.hush();
  await system().resumeWorkers();
  expect(await outcomes).toEqual(['booked']);
});

test.each([-3_600_000, 3_600_000])('a machine whose clock is %i ms off books with its admission', async (shiftMs) => {
  const event = await eventWithRoom(system().url, { admissionSeconds: 60 });
  const { gateway } = await open();
  gateway.break(/^POST .api.bookings/, { status: 503, headers: { 'retry-after': '1' } });
  const script = `
    const client = createClient({ baseUrl: '${gateway.url}' });
    const admission = await client.waitingRoom(${event}).admission();
    const leftMs = Date.parse(client.admission(${event}).expiresAt) - Date.now();
    const ticket = await client.book({ eventId: ${event}, userId: 9, count: 1 });
    const booking = await ticket.outcome({ timeoutSeconds: 60 });
    const holdMs = Date.parse(booking.expiresAt) - client.now();
    console.log(JSON.stringify({ leftMs, holdMs, offMs: client.now() - Date.now(), status: booking.status }));`;
  const { output } = await (await runWithClient(script, { shiftMs })).ended;
  const { leftMs, holdMs, offMs, status } = JSON.parse(output);
  expect(status).toBe('PENDING');
  for (const [ms, expected] of [
    [leftMs, 120_000],
    [holdMs, 600_000],
    [offMs, -shiftMs],
  ])
    expect(Math.abs(ms - expected)).toBeLessThan(20_000);
  expect(leastPauseMs(gateway.of('POST', /bookings/))).toBeGreaterThanOrEqual(1_000);
});
