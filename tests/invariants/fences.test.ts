import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import { BLOCK_OWNER } from '../../shared/domain/house.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { defineScript, type ScriptName, scriptText } from '../../shared/stores/redis/scripts.ts';
import { createSeatStore } from '../../shared/stores/seats.ts';
import { createBook } from '../../workers/book-seats.ts';
import { createReleaseSeats } from '../../workers/expire-holds.ts';
import { createOperatorJobs } from '../../workers/operator-jobs.ts';
import { createReconcile } from '../../workers/reconcile.ts';
import { claimSeats, SEATS, seatsRequest } from '../support/seat-requests.ts';
import { useSystem } from '../support/system.ts';

// A worker is stopped between two of its steps. Meanwhile others free the seats that it is about to free, and a buyer
// gets them. When it resumes, it must not free them a second time.

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 });

const OPERATOR = { name: 'admin token', address: '127.0.0.1' };

const book = (...requests: BookRequest[]) => createBook(system())(0, requests);
const free = ({ ticketId: id }: BookRequest) => createReleaseSeats(system())([{ id, eventId: 1 }]);
const end = ({ ticketId: bookingId, userId }: BookRequest, kind: 'return' | 'cancel' = 'return') =>
  system().holds.change([{ ticketId: newTicketId(0), kind, bookingId, userId, by: OPERATOR }]);

const claimed = (fields: Partial<BookRequest> = {}) => claimSeats(system().seats, fields);

/** Another buyer gets the seats, and must keep them. */
async function anotherBuyerGetsThem(hold = false): Promise<void> {
  const other = seatsRequest({ hold, userId: hold ? 2 : undefined });
  await book(other);
  expect(await system().bookings.find(other.ticketId)).toMatchObject({ seats: SEATS });
}

const differences = async () => (await auditEvent(1, system())).differences;

async function epochOfHouse(): Promise<string> {
  const epoch = await system().seats.epoch(1);
  if (epoch === undefined) throw new Error('the event has ended');
  return epoch;
}

/** A sale that was returned, as a worker reads it that is about to free its seats: the epoch first. */
async function returnedSale() {
  const one = seatsRequest();
  await book(one);
  await end(one);
  const epoch = await epochOfHouse();
  return { one, epoch, unreleased: await system().releases.ofBookings([one.ticketId]) };
}

beforeAll(() => system().stopWorkers());

beforeEach(() => system().reset());

/** A free that comes too late: the script and the part of it that is the fence, with what stands there without it. */
type Late = { script: ScriptName; fence: string; without: string; play: () => Promise<unknown> };

const lateFrees: Record<string, Late> = {
  'a claim that was given up by another worker': {
    script: 'releaseClaim',
    fence: 'or not consumeClaim(tag, event, ticketId, generation, claimed) ',
    without: '',
    async play() {
      const { claim } = await claimed();
      expect(await system().seats.releaseClaim(claim)).toBe(SEATS.length);
      await anotherBuyerGetsThem();
      await system().seats.releaseClaim(claim);
    },
  },
  'a claim whose ticket was settled by another worker': {
    script: 'releaseClaim',
    fence: "if state ~= 'GOT ' .. generation .. ' ' .. labels then return false end",
    without: '',
    async play() {
      const { one, claim } = await claimed();
      await book(one);
      await system().seats.releaseClaim(claim);
    },
  },
  'a claim from before a clear': {
    script: 'releaseClaim',
    fence: 'house.generation ~= generation or ',
    without: '',
    async play() {
      const { claim } = await claimed();
      await system().clearEvent();
      await system().seats.open(1);
      await anotherBuyerGetsThem();
      await system().seats.releaseClaim(claim);
    },
  },
  'a claim whose booking was returned before its ticket was settled': {
    script: 'releaseSeats',
    fence: 'consumeClaimOf(owner, labels)\n    for',
    without: 'for',
    async play() {
      const { one, claim } = await claimed();
      await system().bookings.save([{ ...one, ...claim, seats: [...claim.seats] }]);
      await end(one);
      await free(one);
      await anotherBuyerGetsThem();
      await book(one); // its job is delivered again
    },
  },
  'a returned sale that another worker released': {
    script: 'releaseSeats',
    fence: 'or isFirst(once) then',
    without: 'or true then',
    async play() {
      const { one, epoch, unreleased } = await returnedSale();
      await free(one);
      await anotherBuyerGetsThem();
      await system().seats.release(1, epoch, unreleased);
    },
  },
  'a returned sale in a house that was restored without it': {
    script: 'releaseSeats',
    fence: 'or openEpoch ~= epoch',
    without: '',
    async play() {
      const { one, epoch, unreleased } = await returnedSale();
      await system().seats.rebuild(1);
      await anotherBuyerGetsThem();
      await system().seats.release(1, epoch, unreleased);
      await free(one);
    },
  },
  'a hold whose seats another hold has': {
    script: 'releaseSeats',
    fence: 'holderOf(tag, seat) == owner',
    without: 'true',
    async play() {
      const one = seatsRequest({ hold: true, userId: 1 });
      await book(one);
      await end(one, 'cancel');
      const epoch = await epochOfHouse();
      const unreleased = await system().releases.ofBookings([one.ticketId]);
      await free(one);
      await anotherBuyerGetsThem(true);
      await system().seats.release(1, epoch, unreleased);
    },
  },
  'blocked seats that another worker unblocked': {
    script: 'unblockSeats',
    fence: "redis.call('GETBIT', blockedKey(tag, seat.rowNamed), seat.number - 1) == 1",
    without: 'true',
    async play() {
      const blocked = [1, 2].map((number) => {
        return { zone: 1, row: 1, number, owner: BLOCK_OWNER, status: 'BLOCKED' as const };
      });
      await system().seats.mend(1, blocked);
      expect(await system().seats.unblock(1, SEATS)).toBe(SEATS.length);
      await anotherBuyerGetsThem();
      await system().seats.unblock(1, SEATS);
    },
  },
  'orphans that another run of reconcile freed': {
    script: 'freeOrphans',
    fence: "redis.call('HGET', seatDifferencesKey(tag, event), label) == record",
    without: 'true',
    async play() {
      const one = seatsRequest();
      await system().bookings.giveUp(one);
      for (const bit of [0, 1]) {
        await system().redis.setbit('{s0}:seats:1:1:1', bit, 1);
        await system().redis.setbit('{s0}:held:1:1:1', bit, 1);
        await system().redis.set(`{s0}:lock:1:1:1:${bit + 1}`, one.ticketId);
      }
      await stoppedReconcile(async () => {
        expect(await reconcile()).toBe(SEATS.length);
        await anotherBuyerGetsThem();
      });
    },
  },
  'orphans that were released otherwise': {
    script: 'releaseSeats',
    fence: "redis.call('HDEL', seatDifferencesKey(tag, house.event), seat.label)",
    without: '',
    async play() {
      const one = seatsRequest({ hold: true, userId: 1 });
      await book(one);
      await end(one, 'cancel');
      const { seatRelease } = system().prisma;
      const releases = await seatRelease.findMany();
      await seatRelease.deleteMany();
      await stoppedReconcile(async () => {
        await seatRelease.createMany({ data: releases });
        await free(one);
        await anotherBuyerGetsThem();
      });
    },
  },
};

type SeatStore = ReturnType<typeof createSeatStore>;
const reconcile = (seats: SeatStore = system().seats) =>
  createReconcile({ ...system(), seats, shards: 1 })({ seatsAtOnce: 1_000, minAgeMs: 0, equalPauseMs: 0 });

/** A run of reconcile that is stopped just before it frees the seats that it takes for orphans, and dies after that. */
async function stoppedReconcile(meanwhile: () => Promise<unknown>): Promise<void> {
  const { seats } = system();
  const run = reconcile({
    ...seats,
    async freeOrphans(...args) {
      await meanwhile();
      await seats.freeOrphans(...args);
      throw new Error('it died');
    },
  });
  await expect(run).rejects.toThrow('it died');
}

describe.each(Object.entries(lateFrees))('%s', (_what, { script, fence, without, play }) => {
  test('frees nothing of the next owner', async () => {
    await play();
    expect(await differences()).toEqual([]);
  });

  test('frees them where its fence is missing: the test finds that', async () => {
    const { redis } = system();
    const sound = scriptText(script);
    const broken = sound.replace(fence, () => without);
    expect(broken).not.toBe(sound);
    defineScript(redis, script, broken);
    await play().finally(() => defineScript(redis, script));
    expect((await differences()).map(({ what }) => what)).toEqual(SEATS.map(() => 'bit missing'));
  });
});

describe('seats that a booking gave up in PostgreSQL, and that Redis has yet to free', () => {
  test('are no orphans: reconciling leaves them to their release', async () => {
    const one = seatsRequest();
    await book(one);
    await end(one);
    expect(await reconcile()).toBe(0);
    expect((await differences()).map(({ what }) => what)).toEqual(SEATS.map(() => 'bit too many'));
    await free(one);
    expect(await differences()).toEqual([]);
  });

  test('are not freed once their worker, Redis and all it knew of the release are lost', async () => {
    const one = seatsRequest();
    await book(one);
    await end(one);
    const unreleased = await system().releases.ofBookings([one.ticketId]);
    await system().seats.release(1, await epochOfHouse(), unreleased); // its worker died before it noted that
    await anotherBuyerGetsThem();
    await system().redis.flushdb();
    await free(one);
    expect(await differences()).toEqual([]);
  });

  test.each(['return', 'cancel'] as const)('are freed also where it ended during a restore (%s)', async (kind) => {
    const one = seatsRequest(kind === 'cancel' ? { hold: true, userId: 1 } : {});
    await book(one);
    await system().redis.flushdb();
    let transactions = 0;
    const prisma = new Proxy(system().prisma, {
      get(target, name) {
        if (name !== '$transaction') return Reflect.get(target, name);
        return async (...args: Parameters<typeof target.$transaction>) => {
          const result = await target.$transaction(...args);
          transactions += 1; // the first one records which bookings ended, the second one reads the rows
          if (transactions === 1) await end(one, kind);
          return result;
        };
      },
    });
    await createSeatStore({ ...system(), redis: system().redisShards, prisma, shards: 1 }).open(1);
    expect(transactions).toBe(2);
    expect((await differences()).map(({ what }) => what)).toEqual(SEATS.map(() => 'bit too many'));
    await free(one);
    expect(await differences()).toEqual([]);
  });
});

describe('a job of an operator that is delivered again', () => {
  const jobs = () => createOperatorJobs({ ...system(), audit: (eventId) => auditEvent(eventId, system()) });
  const request = { eventId: 1, seats: SEATS, by: OPERATOR };

  test('blocks no seat of the buyer who got it since', async () => {
    await jobs().block(request, 'block 1');
    await jobs().unblock(request, 'unblock 1');
    await anotherBuyerGetsThem(true);
    await jobs().block(request, 'block 1');
    expect(await differences()).toEqual([]);
  });

  test('frees no seat that was blocked again since', async () => {
    await jobs().block(request, 'block 2');
    await jobs().unblock(request, 'unblock 2');
    await jobs().block(request, 'block 3');
    await jobs().unblock(request, 'unblock 2');
    expect(await differences()).toEqual([]);
  });
});
