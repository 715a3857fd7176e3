import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from '@jest/globals';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { createArchive, type Progress } from '../../shared/stores/archive.ts';
import { createArchiveFiles } from '../../shared/stores/archive-files.ts';
import { EVENT_TABLES } from '../../shared/stores/postgres/archived-rows.ts';
import { send } from '../support/client.ts';
import { cleanUp, dataFolder, until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 });
afterAll(cleanUp);

const post = (path: string, body?: unknown, headers = {}) => send(system().url, 'POST', path, body, headers);
const get = (path: string) => send(system().url, 'GET', path);
const WISH = { userId: 1, count: 2 };
const TOMORROW = new Date(Date.now() + 86_400_000);
const silent: Progress = () => undefined;
const act = () => ({ id: newTicketId(0), act: 'archiveEvent' as const, by: { name: 'test', address: 'here' } });

function archiveIn(folder: string) {
  const files = createArchiveFiles(folder);
  const archive = createArchive({ prisma: system().prisma, trail: system().trail, files });
  return {
    ...archive,
    path: files.pathOf,
    run: (eventId: number) => archive.archive(eventId, TOMORROW, act(), silent),
  };
}

/** An event with rows in every table: a category, sold, held, cancelled and blocked seats, a line and a place in it. */
async function soldEvent() {
  const categories = [{ name: 'Gold', price: 5_000, types: { child: 2_500 } }];
  const zones = [
    { rows: 20, seatsPerRow: 10, category: 'Gold' },
    { rows: 1, seatsPerRow: 7 },
  ];
  const { body } = await post('/api/events', { name: 'Club night', seatLimit: 400, categories, zones });
  const eventId = Number(body.id);
  const name = 'Club "night" \n\u2028 of Zoë';
  await system().prisma.event.update({ where: { id: eventId }, data: { name } });
  const key = { 'idempotency-key': `the first hold of event ${eventId}` };
  const bookings: string[] = [];
  for (let i = 0; i < 6; i += 1) {
    const held = await post('/api/bookings?wait=20', { eventId, ...WISH }, i === 0 ? key : {});
    bookings.push(String(held.body.id));
  }
  const [kept, cancelled, ...sold] = bookings;
  for (const id of [kept, ...sold])
    await post(`/api/bookings/${id}/confirm?wait=20`, { userId: 1, paymentReference: `pay ${id}` });
  await send(system().url, 'DELETE', `/api/bookings/${cancelled}?wait=20`, { userId: 1 });
  await post(`/api/events/${eventId}/block`, { seats: ['2-1-1', '2-1-2'] });
  await send(system().url, 'PUT', `/api/events/${eventId}/waiting-room`, { mode: 'on' });
  await system().prisma.$executeRaw`
    INSERT INTO booking_change (booking_id, event_id, kind, before, after)
    VALUES (${kept}::uuid, ${eventId}::int, 'confirm', '{"status": "PENDING"}', '{"status": "CONFIRMED", "a": 1.50}')`;
  await system().prisma.waitingPlace.create({ data: { eventId, userId: 1, generation: 1, arrival: 1 } });
  return { eventId, ticketId: String(kept), key };
}

/** Cancels an event and waits until nothing of it is left to do. */
async function end(eventId: number) {
  await post(`/api/events/${eventId}/cancel`);
  const { obstacles } = archiveIn('unused');
  await until(async () => (await obstacles(eventId)) === '', 30_000);
}

/** All rows of an event, as the archive has them. */
async function rowsOf(eventId: number) {
  await system().feed.end(); // the archive numbers the changes too
  const rows: Record<string, string[]> = {};
  for (const { table, event, key, only = 'TRUE' } of EVENT_TABLES) {
    const found = await system().prisma.$queryRawUnsafe<{ text: string }[]>(
      `SELECT row_to_json(t)::text AS text FROM ${table} AS t WHERE ${event} = ${eventId} AND ${only} ORDER BY ${key}`,
    );
    if (found.length > 0) rows[table] = found.map(({ text }) => text);
  }
  return rows;
}

/** All rows of a file. */
function rowsIn(path: string) {
  const rows: Record<string, string[]> = {};
  for (const line of readFileSync(path, 'utf8').split('\n').slice(1, -2)) {
    const [, table = '', row = ''] = /^\{"table":"(\w+)","row":(.*)\}$/s.exec(line) ?? [];
    rows[table] = [...(rows[table] ?? []), row];
  }
  return rows;
}

/** The trail and orders stay. Releases of seats are made before an event is archived. */
const KEPT = ['trail', 'orders', 'seat_release'];

test('every table with rows of events is archived, by its primary key; the trail and orders stay', async () => {
  const tables = await system().prisma.$queryRaw<{ table: string; key: string[] }[]>`
    SELECT c.table_name AS table, array_agg(k.column_name::text ORDER BY k.ordinal_position) AS key
    FROM information_schema.columns c
    JOIN information_schema.table_constraints USING (table_schema, table_name)
    JOIN information_schema.key_column_usage k USING (constraint_schema, constraint_name)
    WHERE c.table_schema = 'public' AND c.column_name = 'event_id' AND constraint_type = 'PRIMARY KEY'
    GROUP BY c.table_name`;
  const known = EVENT_TABLES.map(({ table, key }) => ({ table, key }));
  const expected = [...tables.filter(({ table }) => !KEPT.includes(table)), { table: 'event', key: ['id'] }];
  const byName = (a: { table: string }, b: { table: string }) => a.table.localeCompare(b.table);
  expect(known.sort(byName)).toEqual(expected.sort(byName));
});

describe('an ended event', () => {
  test('moves into a file with every row of every table, which can be read back', async () => {
    const { prisma } = system();
    const { eventId } = await soldEvent();
    await end(eventId);
    const before = await rowsOf(eventId);
    expect(Object.keys(before)).toEqual(EVENT_TABLES.map(({ table }) => table));
    const { path, run } = archiveIn(dataFolder());
    expect(await run(eventId)).toMatchObject({ counts: { booking: 6, seat: 12, event: 1, waiting_place: 1 } });
    expect(await rowsOf(eventId)).toEqual({});
    expect(rowsIn(path(eventId))).toEqual(before);
    expect(statSync(path(eventId)).mode & 0o777).toBe(0o600);
    await prisma.$transaction(async (transaction) => {
      await transaction.$executeRawUnsafe('SET LOCAL session_replication_role = replica'); // the feed has it already
      for (const [table, rows] of Object.entries(rowsIn(path(eventId))))
        await transaction.$executeRawUnsafe(
          `INSERT INTO ${table} OVERRIDING SYSTEM VALUE
           SELECT one.* FROM unnest($1::text[]) AS text, json_populate_record(NULL::${table}, text::json) AS one`,
          rows,
        );
    });
    expect(await rowsOf(eventId)).toEqual(before);
    const trail = (await get('/admin/trail')).body.entries as { act: string; eventId?: number }[];
    expect(trail.filter((entry) => entry.eventId === eventId)[0]).toMatchObject({ act: 'archiveEvent' });
  });

  test('is unknown once it is archived, also to the buyer who retries with a key', async () => {
    const { eventId, ticketId, key } = await soldEvent();
    await end(eventId);
    await archiveIn(dataFolder()).run(eventId);
    expect(await get(`/api/events/${eventId}`)).toMatchObject({ status: 404, body: { code: 'EVENT_UNKNOWN' } });
    expect(await get(`/api/bookings/${ticketId}`)).toMatchObject({ status: 404 });
    // An API that has read the event within the last seconds asks Redis, which remembers the ticket of a key for a day.
    const retried = await post('/api/bookings?wait=20', { eventId, ...WISH }, key);
    expect(['BOOKING_UNKNOWN', 'EVENT_UNKNOWN']).toContain(retried.body.code);
    await system().redis.flushdb();
    expect(await get(`/api/tickets/${ticketId}`)).toMatchObject({ status: 404 });
    const other = await system().anotherApi();
    const fresh = await send(other.url, 'POST', '/api/bookings?wait=20', { eventId, ...WISH }, key);
    expect(fresh).toMatchObject({ status: 404, body: { code: 'EVENT_UNKNOWN' } });
    await other.close();
    expect(await post(`/api/bookings/${ticketId}/return?wait=20`)).toMatchObject({ status: 404 });
    expect(await rowsOf(eventId)).toEqual({});
  });

  test('is left while a hold, a release, a doubt or its house in Redis is open, and event 1 always', async () => {
    const { prisma } = system();
    const { eventId } = await soldEvent();
    const { obstacles, run, endedBefore } = archiveIn(dataFolder());
    await send(system().url, 'PUT', `/api/events/${eventId}/waiting-room`, { mode: 'off' });
    const held = await post('/api/bookings?wait=20', { eventId, ...WISH });
    expect(held.status).toBe(201);
    await system().stopWorkers();
    const endsAt = new Date(Date.now() - 1_000);
    await prisma.event.updateMany({ where: { id: { in: [1, eventId] } }, data: { endsAt } });
    expect(await run(eventId)).toEqual({ left: expect.stringContaining('1 house in Redis') });
    await prisma.event.update({ where: { id: eventId }, data: { closedAt: new Date() } });
    expect(await run(eventId)).toEqual({ left: '1 holds that have yet to expire' });
    await prisma.booking.update({ where: { id: String(held.body.id) }, data: { status: 'CANCELLED' } });
    expect(await run(eventId)).toEqual({ left: '1 releases of seats that have yet to be made' });
    await prisma.booking.update({ where: { id: String(held.body.id) }, data: { releasedAt: new Date() } });
    await prisma.$transaction((transaction) => system().blocks.doubt(eventId, 1, ['1-19-1'], transaction));
    expect(await obstacles(eventId)).toBe('1 seats in doubt (npm run settle-doubt)');
    expect(await run(eventId)).toEqual({ left: await obstacles(eventId) });
    const url = 'http://127.0.0.1:1/';
    const lagging = { url, description: 'lags', types: ['event.created'], secret: 'whsec_', number: 0 };
    await prisma.webhook.create({ data: lagging });
    expect(await obstacles(eventId)).toContain('1 webhooks that have yet to get its changes');
    await prisma.webhook.updateMany({ data: { status: 'STOPPED' } });
    expect(await obstacles(eventId)).not.toContain('webhooks');
    await prisma.webhook.deleteMany();
    expect(await run(1)).toEqual({ left: 'it goes on, or is gone' });
    expect((await endedBefore(TOMORROW)).map((event) => event.eventId)).toContain(eventId);
    expect((await endedBefore(endsAt)).map((event) => event.eventId)).not.toContain(eventId);
    await prisma.event.update({ where: { id: 1 }, data: { endsAt: null } });
    await system().resumeWorkers();
  });

  test('that was interrupted at any step is archived whole by the next run, in one file', async () => {
    const steps: string[] = [];
    const { eventId } = await soldEvent();
    await end(eventId);
    const before = await rowsOf(eventId);
    const folder = dataFolder();
    const { archive, finish, interrupted, path, run } = archiveIn(folder);
    for (let stopAt = 1; ; stopAt += 1) {
      let calls = 0;
      const progress: Progress = (step) => {
        calls += 1;
        if (calls === stopAt) throw new Error(`stopped: ${step}`);
      };
      const next = (await interrupted()).includes(eventId)
        ? finish(eventId, progress)
        : archive(eventId, TOMORROW, act(), progress);
      const stopped = await next.then(
        () => undefined,
        (fault: Error) => fault.message,
      );
      if (stopped === undefined) break;
      steps.push(stopped);
      if (stopped === 'stopped: deleted') continue;
      expect(await rowsOf(eventId)).toEqual(before);
      if (stopped === 'stopped: written') expect(readdirSync(folder)).toEqual([`event-${eventId}.ndjson.part`]);
    }
    expect(new Set(steps)).toEqual(new Set(['stopped: written', 'stopped: checked', 'stopped: deleted']));
    expect(await rowsOf(eventId)).toEqual({});
    expect(rowsIn(path(eventId))).toEqual(before);
    expect(readdirSync(folder)).toEqual([`event-${eventId}.ndjson`]);
    expect(await run(eventId)).toEqual({ left: 'it goes on, or is gone' });
    expect(await interrupted()).not.toContain(eventId);
  });

  test('keeps its rows where its file was cut short, and where the file is of another state', async () => {
    const { eventId } = await soldEvent();
    await end(eventId);
    const folder = dataFolder();
    const { archive, finish, interrupted, path, run } = archiveIn(folder);
    const stopAt = (step: string) =>
      archive(eventId, TOMORROW, act(), (reached) => {
        if (reached === step) throw new Error('stopped');
      });
    await expect(stopAt('checked')).rejects.toThrow('stopped');
    const whole = readFileSync(path(eventId));
    const before = await rowsOf(eventId);
    truncateSync(path(eventId), whole.length - 40);
    expect(await run(eventId)).toEqual({ left: expect.stringContaining('cut short') });
    writeFileSync(path(eventId), whole);
    await system().prisma.event.update({ where: { id: eventId }, data: { name: 'Renamed' } });
    expect(await run(eventId)).toEqual({ left: expect.stringContaining('the event has changed since') });
    await system().prisma.event.update({
      where: { id: eventId },
      data: { name: JSON.parse(before.event?.[0] ?? '').name },
    });
    expect(await rowsOf(eventId)).toEqual(before);
    await expect(stopAt('deleted')).rejects.toThrow('stopped');
    const rest = await rowsOf(eventId);
    truncateSync(path(eventId), whole.length - 40);
    expect(await interrupted()).toContain(eventId);
    expect(await finish(eventId, silent)).toEqual({ left: expect.stringContaining('cut short') });
    expect(await archiveIn(dataFolder()).finish(eventId, silent)).toEqual({
      left: expect.stringContaining('is not there'),
    });
    expect(await rowsOf(eventId)).toEqual(rest);
    writeFileSync(path(eventId), whole);
    await system().prisma.booking.updateMany({ where: { eventId }, data: { seats: ['9-9-9'] } });
    expect(await finish(eventId, silent)).toEqual({
      left: expect.stringContaining('not in it, and stay: {"booking":6}'),
    });
    await system().prisma.booking.deleteMany({ where: { eventId } });
  });
});

test('a request that is given up leaves nothing of an event that is gone', async () => {
  const ticketId = newTicketId(0);
  expect(await system().bookings.giveUp({ ticketId, eventId: 999_999, userId: 1 })).toBeUndefined();
  expect(await system().prisma.booking.count({ where: { id: ticketId } })).toBe(0);
});
