import { beforeAll, describe, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import type { TicketKind } from '../../shared/contract/tickets.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { send } from '../support/client.ts';
import { until } from '../support/frontrow.ts';
import { useSystem } from '../support/system.ts';

// As in production: people log in, and the shop's server alone sells.
const TOKEN = 'an-admin-token-of-at-least-32-characters';
const AUTH_SECRET = 'a secret of at least thirty-two bytes';
const system = useSystem({
  ...{ SELL_BY: 'server', EMBEDDED: false, ADMIN_TOKEN: TOKEN, AUTH: 'on', AUTH_SECRET, RATE_LIMIT: 'off' },
  ...{ ZONES: 2, ROWS: 4, SEATS_PER_ROW: 10 },
});
const asServer = { authorization: `Bearer ${TOKEN}` };
const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
  send(system().url, 'POST', path, body, headers);

let anna: { id: number; as: Record<string, string> };
beforeAll(async () => {
  const { body } = await post('/api/users/login', { email: 'test@example.com', password: 'password' });
  anna = { id: Number(body.id), as: { authorization: `Bearer ${body.token}` } };
});

const hold = async () => (await post('/api/bookings?wait=20', { eventId: 1, count: 1 }, anna.as)).body.id as string;
const show = async (id: string) => (await send(system().url, 'GET', `/api/bookings/${id}`, undefined, anna.as)).body;

describe('with SELL_BY=server', () => {
  test('the shop’s server alone buys at once', async () => {
    const strangers = [{}, anna.as, { authorization: 'Bearer another-token-of-at-least-32-characters' }];
    for (const headers of strangers)
      expect(await post('/reserve?wait=20', { count: 1 }, headers)).toMatchObject({
        status: 409,
        body: { code: 'FORBIDDEN' },
      });
    expect(await post('/reserve?wait=20', { count: 1 }, asServer)).toMatchObject({ status: 200 });
  });

  test('buyers hold, extend and let go; the shop’s server alone confirms, and says whose hold it is', async () => {
    const id = await hold();
    const confirm = `/api/bookings/${id}/confirm`;
    for (const headers of [{}, anna.as])
      expect(await post(confirm, {}, headers)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    expect(await show(id)).toMatchObject({ status: 'PENDING' });
    expect(await post(`/api/bookings/${id}/extend`, {}, anna.as)).toMatchObject({ status: 200 });
    expect(await post(confirm, {}, asServer)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    const another = { userId: anna.id + 1 };
    expect(await post(confirm, another, asServer)).toMatchObject({ status: 404, body: { code: 'BOOKING_UNKNOWN' } });
    expect(await post(confirm, { userId: anna.id }, asServer)).toMatchObject({
      status: 200,
      body: { id, status: 'CONFIRMED' },
    });
    const other = await hold();
    expect((await send(system().url, 'DELETE', `/api/bookings/${other}`, {}, anna.as)).status).toBe(200);
  });

  test('I12: a worker refuses a sale that no trusted server asked for, whatever door let it in', async () => {
    const id = await hold();
    const queues = (['booking', 'control'] as const).map(
      (name) => new Queue(name, { connection: system().redis, prefix: '{s0}', skipVersionCheck: true }),
    );
    const [booking, control] = queues;
    const accept = async (kind: TicketKind) => {
      const ticketId = newTicketId(0);
      await system().tickets.accept(0, '', [{ ticketId, kind }], { maxQueued: 100, fresh: true });
      return ticketId;
    };
    try {
      const [sale, confirm] = [await accept('book'), await accept('confirm')];
      // As the version before queues them.
      await booking?.add('book', { requests: [{ ticketId: sale, eventId: 1, wish: { count: 2 }, hold: false }] });
      const change = { ticketId: confirm, kind: 'confirm', bookingId: id, userId: anna.id };
      await control?.add('change', { requests: [change] });
      const outcomes = () => system().outcomesOf([sale, confirm]);
      await until(async () => (await outcomes()).every((outcome) => outcome !== undefined), 10_000);
      const refused = { status: 'rejected', code: 'FORBIDDEN' };
      expect(await outcomes()).toMatchObject([refused, refused]);
      expect(await show(id)).toMatchObject({ status: 'PENDING' });
      expect(await system().prisma.booking.count({ where: { id: sale } })).toBe(0);
    } finally {
      await Promise.all(queues.map((queue) => queue.close()));
    }
  });
});
