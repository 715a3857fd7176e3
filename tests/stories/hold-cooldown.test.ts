import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { holdsIn } from '../support/holds.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 2, ROWS: 3, SEATS_PER_ROW: 10 });
const ANNA = 1;
const BEN = 2;
const { post, get, hold, change, cancel, backdate } = holdsIn(system);

beforeEach(async () => {
  await system().clearEvent();
  await system().seats.open(1);
});

describe('a buyer who repeatedly lets holds lapse', () => {
  const refused = { status: 409, body: { code: 'HOLD_COOLDOWN' } };
  const letGo = async (userId: number, wish: object = { count: 1 }) => {
    const held = await hold(userId, wish);
    expect(held.status).toBe(201);
    return cancel(held.body.id, userId);
  };
  /** The key of the record of a buyer's lapses, as the script spells it. */
  const recordOf = async (userId: number) => {
    const house = await system().events.readHouse(1);
    return `{s0}:lapses:1:${house?.generation}:${userId}`;
  };
  const endCooldown = async (userId: number) => system().redis.hset(await recordOf(userId), 'untilMs', 0);

  test('waits before the next hold, longer each time, and reads how long; no other buyer waits', async () => {
    for (const seconds of [0, 0, 5, 10, 20]) {
      await letGo(ANNA);
      if (seconds === 0) continue;
      const { status, body, headers } = await hold(ANNA, { count: 1 });
      expect({ status, body }).toMatchObject({ ...refused, body: { holdAgainAt: expect.any(String) } });
      const leftSeconds = (Date.parse(String(body.holdAgainAt)) - Date.now()) / 1000;
      expect(leftSeconds).toBeGreaterThan(seconds / 2 - 5);
      expect(leftSeconds).toBeLessThanOrEqual(seconds);
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(seconds);
      const ticket = await get(`/api/tickets/${body.ticketId}`);
      expect(ticket.body).toMatchObject({ status: 'rejected', code: 'HOLD_COOLDOWN', holdAgainAt: body.holdAgainAt });
      await endCooldown(ANNA);
    }
    await letGo(ANNA);
    await Promise.all([1, 2, 3].map(async () => expect(await hold(ANNA, { count: 1 })).toMatchObject(refused)));
    expect(await hold(BEN, { count: 1 })).toMatchObject({ status: 201 });
    expect(await post('/reserve?wait=20', { count: 1 })).toMatchObject({ status: 200 });
  });

  test('waits too where the holds expired', async () => {
    for (let times = 0; times < 3; times += 1) {
      await backdate((await hold(ANNA, { seats: ['1-1-1'] })).body.id);
      await until(async () => (await system().redis.exists('{s0}:lock:1:1:1:1')) === 0, 10_000);
    }
    expect(await hold(ANNA, { seats: ['1-1-1'] })).toMatchObject(refused);
  });

  test('has one lapse where several holds end together, however often their release is repeated', async () => {
    for (let times = 1; times <= 2; times += 1) {
      const ids = (await Promise.all([1, 2, 3].map((row) => hold(ANNA, { zone: 1, row, count: 1 })))).map(
        ({ body }) => body.id,
      );
      await Promise.all(ids.map((id) => cancel(id, ANNA)));
      // as a worker of the version before leaves it that died before it recorded the release
      await system().prisma.$executeRaw`UPDATE booking SET released_at = NULL`;
      await until(async () => (await system().prisma.booking.count({ where: { releasedAt: null } })) === 0, 10_000);
      await until(async () => (await system().prisma.seatRelease.count()) === 0, 10_000);
      expect(await system().redis.hget(await recordOf(ANNA), 'count')).toBe(String(times));
    }
    expect(await hold(ANNA, { count: 1 })).toMatchObject({ status: 201 });
  });

  test('may hold at once after a purchase, after some time, and after a clear', async () => {
    await letGo(ANNA);
    await letGo(ANNA);
    const { id } = (await hold(ANNA, { count: 1 })).body;
    expect(await change(id, 'confirm', { userId: ANNA })).toMatchObject({ status: 200 });
    await letGo(ANNA);
    await letGo(ANNA);
    expect(await hold(ANNA, { count: 1 })).toMatchObject({ status: 201 });
    const keptMs = await system().redis.pttl(await recordOf(ANNA));
    expect(keptMs).toBeGreaterThan(3_600_000);
    expect(keptMs).toBeLessThanOrEqual(3_600_000 + 600_000); // an hour and the length of a hold

    for (let times = 0; times < 3; times += 1) await letGo(BEN);
    expect(await hold(BEN, { count: 1 })).toMatchObject(refused);
    await system().clearEvent();
    await system().seats.reopen(1);
    expect(await hold(BEN, { count: 1 })).toMatchObject({ status: 201 });
  });

  test('loses a seat that it requests at each end of its holds: another buyer gets it', async () => {
    const seat = { seats: ['1-1-1'] };
    let over = false;
    const hammer = async () => {
      while (!over) {
        const { status, body } = await hold(ANNA, seat);
        if (status === 201) await backdate(body.id); // it expires at once
      }
    };
    const hammering = Promise.all([hammer(), hammer(), hammer()]);
    let won = false;
    for (let tries = 0; tries < 25 && !won; tries += 1) {
      await sleep(500);
      won = (await hold(BEN, seat)).status === 201;
    }
    over = true;
    await hammering;
    expect(won).toBe(true);
  });
});
