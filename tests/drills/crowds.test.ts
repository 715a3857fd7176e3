import { beforeEach, expect, test } from '@jest/globals';
import { Pool } from 'undici';
import { auditEvent } from '../../shared/stores/audit.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 1, ROWS: 20, SEATS_PER_ROW: 65 });

beforeEach(async () => {
  await system().clearEvent();
  await system().seats.open(1);
});

/** Lets this many clients send the same request at once. @returns the number of answers by status and code */
async function crowd(size: number, wish: object): Promise<Record<string, number>> {
  const pool = new Pool(system().url, { connections: 500 });
  const counts: Record<string, number> = {};
  await Promise.all(
    Array.from({ length: size }, async (_, i) => {
      const { statusCode, body } = await pool.request({
        path: '/api/bookings?wait=60',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ eventId: 1, userId: 1 + (i % 100), ...wish }),
      });
      const { code } = (await body.json()) as { code?: string };
      const answer = code === undefined ? String(statusCode) : `${statusCode} ${code}`;
      counts[answer] = (counts[answer] ?? 0) + 1;
    }),
  );
  await pool.close();
  return counts;
}

test('5,000 clients request the same seat: exactly one gets it', async () => {
  expect(await crowd(5_000, { seatNumber: '1-1-1' })).toEqual({ '201': 1, '409 SEAT_TAKEN': 4_999 });
  expect(await system().prisma.seat.count()).toBe(1);
  expect((await auditEvent(1, system())).differences).toEqual([]);
});

test('2,000 clients request two seats together: 640 get them, none is refused earlier; then singles sell', async () => {
  expect(await crowd(2_000, { zone: 1, count: 2 })).toEqual({ '201': 640, '409 NO_ADJACENT_SEATS': 1_360 });
  const bookings = await system().prisma.booking.findMany();
  for (const { seats } of bookings) {
    const [first, second] = seats.map((label) => label.split('-').map(Number));
    expect(second).toEqual([first?.[0], first?.[1], Number(first?.[2]) + 1]);
  }
  expect(await crowd(100, { zone: 1, count: 1 })).toEqual({ '201': 20, '409 SOLD_OUT': 80 });
  expect((await auditEvent(1, system())).differences).toEqual([]);
});

test('2,000 clients request one seat: 1,300 get one, the others are refused as sold out', async () => {
  expect(await crowd(2_000, { zone: 1, count: 1 })).toEqual({ '201': 1_300, '409 SOLD_OUT': 700 });
  expect((await auditEvent(1, system())).differences).toEqual([]);
});
