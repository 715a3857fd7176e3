import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { shardOfEvent } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const SHARDS = 4;
const system = useSystem({ SHARDS, ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 });

const post = (path: string, body: unknown, headers?: Record<string, string>) =>
  send(system().url, 'POST', path, body, headers);
const hold = (eventId: number, headers = {}) =>
  post('/api/bookings?wait=20', { eventId, userId: 1, count: 2 }, headers);

test('events in several shards are sold side by side, and an idempotency key is one for all of them', async () => {
  const events = [1];
  while (new Set(events.map((id) => shardOfEvent(id, SHARDS))).size < SHARDS) {
    const { body } = await post('/api/events', { name: 'Another', zones: [{ rows: 2, seatsPerRow: 10 }] });
    events.push(Number(body.id));
  }
  const held = await Promise.all(events.map((id) => hold(id)));
  for (const [i, { body }] of held.entries()) {
    expect(body).toMatchObject({ eventId: events[i], status: 'PENDING' });
    expect(await post(`/api/bookings/${body.id}/confirm`, { userId: 1 })).toMatchObject({ status: 200 });
  }
  const key = { 'idempotency-key': randomUUID() };
  const [first = 0, ...others] = events;
  const kept = await hold(first, key);
  expect((await hold(first, key)).body.id).toBe(kept.body.id);
  for (const id of others)
    expect(await hold(id, key)).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_MISMATCH' } });
  for (const id of events) expect((await auditEvent(id, system())).differences).toEqual([]);
});
