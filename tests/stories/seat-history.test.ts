import { beforeAll, expect, test } from '@jest/globals';
import type { SeatHistoryEntry } from '../../shared/contract/history.ts';
import { send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const TOKEN = 'an-admin-token-of-at-least-32-characters';
const system = useSystem({ ADMIN_TOKEN: TOKEN, SELL_BY: 'server', ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 });
const bearer = (token: unknown) => ({ authorization: `Bearer ${token}` });
const asAdmin = bearer(TOKEN);
const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = asAdmin) =>
  send(system().url, method, path, body, headers);

const SEAT = '1-1-2';
let shop: Record<string, string>;
/** Anna gave the seat up and then returned the rest; Ben had it afterwards. */
let anna: string;
let ben: string;

const hold = async (buyer: string, seats: string[], eventId = 1) =>
  String((await call('POST', '/api/bookings?wait=20', { eventId, seats, buyer }, shop)).body.id);
const historyOf = async (seat: string, query = '') =>
  (await call('GET', `/api/seats/history?eventId=1&seat=${seat}${query}`)).body as {
    entries: SeatHistoryEntry[];
    next?: string;
  };

beforeAll(async () => {
  const scopes = ['sell', 'return'];
  shop = bearer((await call('POST', '/admin/keys', { name: 'web shop', scopes })).body.key);
  const other = await call('POST', '/api/events', { name: 'Elsewhere', zones: [{ rows: 1, seatsPerRow: 10 }] });
  await hold('Somebody', [SEAT], Number(other.body.id)); // the same label in another house
  anna = await hold('Anna', ['1-1-1', SEAT]);
  expect((await call('POST', `/api/bookings/${anna}/release`, { buyer: 'Anna', seats: [SEAT] }, shop)).status).toBe(
    200,
  );
  await call('POST', `/api/bookings/${anna}/confirm`, { buyer: 'Anna' }, shop);
  await call('POST', `/api/bookings/${anna}/return`, {}, shop);
  ben = await hold('Ben', [SEAT]);
  await call('DELETE', `/api/bookings/${ben}`, { buyer: 'Ben' }, shop);
  expect((await call('POST', '/api/events/1/block', { seats: [SEAT, '1-2-1'] })).body.changed).toBe(2);
  await call('POST', '/api/events/1/unblock', { seats: [SEAT] });
});

test('a seat’s history has every booking that had it and what operators did, the newest first', async () => {
  const { entries, next } = await historyOf(SEAT);
  expect(next).toBeUndefined();
  expect(entries).toMatchObject([
    { kind: 'unblock', by: 'admin token' },
    { kind: 'block', by: 'admin token' },
    { kind: 'cancel', bookingId: ben, buyer: 'Ben', status: 'CANCELLED' },
    { kind: 'create', bookingId: ben, buyer: 'Ben', status: 'PENDING' },
    { kind: 'reduce', bookingId: anna, buyer: 'Anna', status: 'PENDING' },
    { kind: 'create', bookingId: anna, buyer: 'Anna', status: 'PENDING' },
  ]);
  const times = entries.map(({ at }) => Date.parse(at));
  expect(times).toEqual([...times].sort((a, b) => b - a));
  const others = (await historyOf('1-1-1')).entries.map(({ kind, by }) => [kind, by]);
  expect(others).toEqual([
    ['return', 'key web shop'],
    ['confirm', 'key web shop'],
    ['create', undefined], // not that the other seat was given up
  ]);
  expect((await historyOf('1-2-9')).entries).toEqual([]);
});

test('its pages continue where the one before ended', async () => {
  const all = (await historyOf(SEAT)).entries;
  const paged: SeatHistoryEntry[] = [];
  for (let next: string | undefined = `/api/seats/history?eventId=1&seat=${SEAT}&limit=1`; next !== undefined; ) {
    const page = (await call('GET', next)).body as { entries: SeatHistoryEntry[]; next?: string };
    paged.push(...page.entries);
    next = page.next;
  }
  expect(paged).toEqual(all);
});

test('an exchange is in the history of the seat that is given and of the one that is taken', async () => {
  const id = await hold('Cleo', ['1-2-3', '1-2-4']);
  const body = { buyer: 'Cleo', seats: ['1-2-4', '1-2-5'] };
  expect((await call('POST', `/api/bookings/${id}/exchange?wait=20`, body, shop)).status).toBe(200);
  const kindsOf = async (seat: string) => (await historyOf(seat)).entries.map(({ kind }) => kind);
  expect(await kindsOf('1-2-3')).toEqual(['exchange', 'create']);
  expect(await kindsOf('1-2-4')).toEqual(['create']);
  expect(await kindsOf('1-2-5')).toEqual(['exchange']);
  for (const seat of ['1-2-3', '1-2-4', '1-2-5'])
    expect((await call('GET', `/api/bookings?eventId=1&seat=${seat}`)).body.bookings).toMatchObject([{ id }]);
});

test('a list of a seat’s bookings has those that gave it up', async () => {
  const { body } = await call('GET', `/api/bookings?eventId=1&seat=${SEAT}`);
  expect((body.bookings as { id: string }[]).map(({ id }) => id)).toEqual([ben, anna]);
  const sold = await call('GET', `/api/bookings?eventId=1&seat=${SEAT}&status=RETURNED`);
  expect((sold.body.bookings as { id: string }[]).map(({ id }) => id)).toEqual([anna]);
});

test('an unknown event or seat is named, and a key without `read` learns nothing', async () => {
  const refused = async (query: string, headers?: Record<string, string>) => {
    const { status, body } = await call('GET', `/api/seats/history?${query}`, undefined, headers);
    return [status, body.code, body.detail];
  };
  const codeOf = async (query: string, headers?: Record<string, string>) => (await refused(query, headers))[1];
  expect(await codeOf('eventId=999&seat=1-1-1')).toBe('EVENT_UNKNOWN');
  expect(await refused('eventId=1&seat=1-9-1')).toEqual([400, 'INVALID_REQUEST', 'seat: this house has no seat 1-9-1']);
  for (const wrong of ['eventId=1', 'seat=1-1-1', 'eventId=1&seat=A1', 'eventId=1&seat=1-1-1&after=1'])
    expect(await codeOf(wrong)).toBe('INVALID_REQUEST');
  expect((await refused('eventId=1&seat=1-1-1', shop)).slice(0, 2)).toEqual([403, 'FORBIDDEN']);
  expect(await codeOf('eventId=1&seat=1-1-1', {})).toBe('UNAUTHENTICATED');
});
