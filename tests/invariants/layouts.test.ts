import { setTimeout as sleep } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { layoutFor } from '../../api/routes/event-layout.ts';
import { createEventStore } from '../../shared/stores/postgres/events.ts';
import { send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 1, ROWS: 1, SEATS_PER_ROW: 4 });

/** Longer than a layout is not read again. */
const STALE_MS = 2_100;

/** An event, and the store of another process, which has read its house. */
async function eventAndReader() {
  const { status, body } = await send(system().url, 'POST', '/api/events', {
    name: 'Hamlet',
    categories: [{ name: 'Gold', price: 5_000 }],
    zones: [{ category: 'Gold', rows: 2, seatsPerRow: 4 }],
  });
  expect(status).toBe(201);
  const id = Number(body.id);
  const reader = createEventStore(system());
  await reader.layout(id);
  return { id, reader };
}

const change = (id: number, body: object) => send(system().url, 'PATCH', `/api/events/${id}`, body);

test('a layout of another process has a new price after a moment, with the zones that it had', async () => {
  const { id, reader } = await eventAndReader();
  const before = await reader.layout(id);
  expect(await reader.layout(id)).toBe(before);
  await change(id, { name: 'Othello' });
  await sleep(STALE_MS);
  const renamed = await reader.layout(id);
  expect(renamed?.settings.name).toBe('Othello');
  expect(renamed?.zones).toBe(before?.zones);
  await change(id, { categories: [{ name: 'Gold', price: 6_000 }] });
  await sleep(STALE_MS);
  expect(await reader.layout(id)).toMatchObject({ zones: [{ price: 6_000 }], categories: [{ price: 6_000 }] });
});

test('no seat is refused for a layout that is older than the house', async () => {
  const { id, reader } = await eventAndReader();
  await reader.readHouse(id);
  // Two statements, and no job: the layout that was read is not old enough to be read again by itself.
  await system().prisma.zone.updateMany({ where: { eventId: id }, data: { rows: 3 } });
  await system().prisma.event.update({ where: { id }, data: { generation: { increment: 1 } } });
  expect((await layoutFor(reader, id, { seats: ['1-3-4'] })).totalSeats).toBe(12);
  await expect(layoutFor(reader, id, { seats: ['1-4-1'] })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
});

test('a layout that cannot be refreshed stays as it was', async () => {
  const { id, reader } = await eventAndReader();
  await sleep(STALE_MS);
  const fails = jest.spyOn(system().prisma.event, 'findMany').mockImplementation((() => {
    throw new Error('PostgreSQL is unavailable');
  }) as never);
  expect((await reader.layout(id))?.totalSeats).toBe(8);
  await expect(reader.layout(id, 0)).rejects.toThrow('PostgreSQL is unavailable');
  fails.mockRestore();
});
