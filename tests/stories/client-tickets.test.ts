import { getEventListeners } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { FrontrowError, type TicketView } from '../../client/src/index.ts';
import { useClientBehindGateway } from '../support/client-behind-gateway.ts';
import { runWithClient } from '../support/client-bundle.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 4, ROWS: 50, SEATS_PER_ROW: 65 });
const open = useClientBehindGateway(system);
const request = { eventId: 1, userId: 5, count: 1 };

/** The states of a ticket until its end. */
async function statesOf(states: AsyncIterable<TicketView>): Promise<TicketView[]> {
  const all: TicketView[] = [];
  for await (const state of states) all.push(state);
  return all;
}

describe.each(['long polls', 'a WebSocket'])('a ticket that is followed by %s', (way) => {
  const useWay = () => Object.assign(globalThis, { WebSocket: way === 'a WebSocket' ? WebSocket : undefined });

  test('is queued, and ends with one outcome, which is kept', async () => {
    useWay();
    const { client, gateway } = await open();
    await system().stopWorkers();
    const ticket = await client.book(request);
    const states = statesOf(ticket.states());
    await until(() => gateway.of('GET', /tickets/).length > 0 || gateway.sockets() > 0, 10_000);
    await system().resumeWorkers();
    const all = await states;
    expect(all[0]).toMatchObject({ ticketId: ticket.id, kind: 'book', status: 'queued', position: 1 });
    expect(all.filter(({ status }) => status !== 'queued')).toHaveLength(1);
    expect(all.at(-1)).toMatchObject({ status: 'booked', booking: { id: ticket.id, status: 'PENDING' } });
    const sent = gateway.requests.length;
    expect((await ticket.outcome()).id).toBe(ticket.id);
    expect(await statesOf(ticket.states())).toEqual([all.at(-1)]);
    expect(gateway.requests).toHaveLength(sent);
    if (way === 'a WebSocket') await until(() => gateway.sockets() === 0, 5_000); // nobody uses it
  });

  test('stays valid where its outcome does not come in time', async () => {
    useWay();
    const { client } = await open();
    await system().stopWorkers();
    const ticket = await client.book(request);
    await expect(ticket.outcome({ timeoutSeconds: 0.3 })).rejects.toMatchObject({ code: 'TIMEOUT', status: 0 });
    const second = ticket.outcome({ timeoutSeconds: 60 });
    await system().resumeWorkers();
    expect((await second).id).toBe(ticket.id);
  });

  test('ends with the reason of a signal, and leaves no listener', async () => {
    useWay();
    const { client } = await open();
    await system().stopWorkers();
    const ticket = await client.book(request);
    const controller = new AbortController();
    const { signal } = controller;
    const ends = [
      ticket.outcome({ signal }),
      ticket.outcome({ signal, timeoutSeconds: 60 }),
      statesOf(ticket.states({ signal })),
    ];
    const reasons = Promise.all(
      ends.map((end) =>
        end.then(
          () => 'an outcome',
          (fault) => fault,
        ),
      ),
    );
    await until(() => getEventListeners(signal, 'abort').length > 0, 10_000);
    controller.abort('enough');
    expect(await reasons).toEqual(['enough', 'enough', 'enough']);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await expect(ticket.outcome({ signal })).rejects.toBe('enough');
    await expect(client.book(request, { signal })).rejects.toBe('enough');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('throws what was refused, with its alternatives', async () => {
    useWay();
    const { client } = await open();
    const taken = await (await client.book({ ...request, zone: 2, row: 2, start: 10 })).outcome();
    const refused = await client.book({ eventId: 1, userId: 6, seats: taken.seats });
    const fault = await refused.outcome().catch((fault) => fault);
    expect(fault).toBeInstanceOf(FrontrowError);
    expect(fault).toMatchObject({ code: 'SEAT_TAKEN', problem: { ticketId: refused.id }, isTemporary: false });
    expect(fault.alternatives.length).toBeGreaterThan(0);
    await expect(refused.outcome()).rejects.toMatchObject({ code: 'SEAT_TAKEN' });
    await expect(client.confirm(taken.id, { userId: 6 })).rejects.toMatchObject({ code: 'BOOKING_UNKNOWN' });
    expect(await client.cancel(taken.id, { userId: 5 })).toMatchObject({ status: 'CANCELLED' });
  });

  test('is resumed by its id, and found as a booking where it is forgotten', async () => {
    useWay();
    const { client, gateway } = await open();
    const { id } = await (await client.book(request)).outcome();
    expect((await client.ticket(id).outcome()).id).toBe(id);
    const unknown = JSON.stringify({ code: 'TICKET_UNKNOWN', status: 404 });
    gateway.break(/GET .api.tickets/, { status: 404, body: unknown }, 2);
    expect(await statesOf(client.ticket(id).states())).toMatchObject([{ status: 'booked', booking: { id } }]);
    const nobodys = `${id.slice(0, -12)}000000000000`;
    await expect(client.ticket(nobodys).outcome()).rejects.toMatchObject({ code: 'TICKET_UNKNOWN' });
  });
});

test('a process that has booked ends by itself, whether the client is closed or idle', async () => {
  const book = `
    const client = createClient({ baseUrl: '${system().url}' });
    const ticket = await client.book({ eventId: 1, userId: 7, count: 1 });
    console.log((await ticket.outcome({ timeoutSeconds: 600 })).status);`;
  const seats = `
    const seats = client.seats(1);
    await seats.ready;
    console.log(seats.counts().AVAILABLE > 0, seats.connection());`;
  for (const [script, output] of [
    [book, 'PENDING'],
    [`${book}${seats} client.close(); console.log(seats.connection())`, 'lost'],
    [`${book}${seats} seats.close()`, 'connecting'],
  ] as const) {
    const startedMs = performance.now();
    const ended = await (await runWithClient(script)).ended;
    expect(ended).toMatchObject({ code: 0, output: expect.stringContaining(output) });
    expect(performance.now() - startedMs).toBeLessThan(20_000); // a timeout of ten minutes was set
  }
});

test('a client keeps nothing of tickets that have ended', async () => {
  const script = `
    const client = createClient({ baseUrl: '${system().url}' });
    const kept = [];
    async function book(userId) {
      const ticket = await client.book({ eventId: 1, userId, count: 1 });
      for await (const state of ticket.states()) kept.push(new WeakRef(ticket), new WeakRef(state));
    }
    await Promise.all(Array.from({ length: 100 }, (_, i) => book(1 + i)));
    await new Promise((done) => setTimeout(done, 100));
    gc();
    console.log('kept', kept.filter((ref) => ref.deref() !== undefined).length, 'of', kept.length);`;
  const { code, output } = await (await runWithClient(script, { flags: ['--expose-gc'] })).ended;
  expect([code, output]).toEqual([0, expect.stringMatching(/kept \d+ of [2-9]\d\d/)]);
  expect(Number(/kept (\d+)/.exec(output)?.[1])).toBeLessThan(10);
});
