import { beforeEach, describe, expect, test } from '@jest/globals';
import { noteChange } from '../../shared/stores/postgres/changes.ts';
import { createFeedStore, type FeedStore } from '../../shared/stores/postgres/feed.ts';
import { until } from '../support/processes.ts';
import { SEATS, seatsRequest } from '../support/seat-requests.ts';
import { useSystem } from '../support/system.ts';

// I14: every change is in the feed exactly once, and a reader who keeps its cursor misses none.

const system = useSystem({ ZONES: 1, ROWS: 1, SEATS_PER_ROW: 10 });

/** A transaction of another client that writes a change, and is committed when it is let go. */
async function openChange(seats: string[]): Promise<() => Promise<void>> {
  let letGo: () => void = () => undefined;
  const mayCommit = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let isWritten: () => void = () => undefined;
  const written = new Promise<void>((resolve) => {
    isWritten = resolve;
  });
  const committed = system().prisma.$transaction(
    async (transaction) => {
      await noteChange(transaction, 'seats.blocked', 1, { seats });
      isWritten();
      await mayCommit;
    },
    { timeout: 60_000 },
  );
  await written;
  return async () => {
    letGo();
    await committed;
  };
}

type Rows = { id: bigint; data: { seats: string[] }[] }[];

/** Reads as one does who takes ids for the order of commits: all rows with a higher id than the last one. */
function naiveReader() {
  let last = 0n;
  const seen: string[] = [];
  return {
    seen,
    async read(): Promise<void> {
      const rows = await system().prisma.$queryRaw<Rows>`
        SELECT id, data FROM change_batch WHERE id > ${last} AND type = 'seats.blocked' ORDER BY id`;
      for (const { id, data } of rows) {
        last = id;
        seen.push(...(data[0]?.seats ?? []));
      }
    },
  };
}

/** A page of a feed, none of whose changes may be gone. */
async function wholePage(feed: FeedStore, ...wanted: Parameters<FeedStore['page']>) {
  const page = await feed.page(...wanted);
  if (page === 'expired' || !page.isWhole) throw new Error('changes may be missing');
  return page;
}

/** Reads the feed by its cursor; the numbers must go on without a gap. */
async function feedReader(limit: number) {
  const feed = createFeedStore(system());
  let next = (await feed.end()).last;
  const seen: string[] = [];
  return {
    seen,
    async read(): Promise<void> {
      const end = await feed.end();
      while (next < end.last) {
        const page = await wholePage(feed, next, end, {}, limit);
        for (const [i, { cursor, data }] of page.changes.entries()) {
          expect(cursor.split('.')[1]).toBe(String(next + i + 1));
          if ('seats' in data) seen.push(...data.seats);
        }
        next = page.next;
      }
    },
  };
}

beforeEach(() => system().reset());

test('transactions that commit out of order: a reader by ids misses some, a reader of the feed none', async () => {
  const [naive, feed] = [naiveReader(), await feedReader(2)];
  await naive.read();
  naive.seen.length = 0;
  const commits = new Map<string, () => Promise<void>>();
  for (const seat of ['1-1-1', '1-1-2', '1-1-3', '1-1-4']) commits.set(seat, await openChange([seat]));
  const order = ['1-1-3', '1-1-1', '1-1-4', '1-1-2'];
  for (const seat of order) {
    await commits.get(seat)?.();
    await naive.read();
    await feed.read();
  }
  expect(feed.seen).toEqual(order);
  expect(naive.seen).toEqual(['1-1-3', '1-1-4']);
});

test('a long transaction holds no reader back', async () => {
  const feed = await feedReader(100);
  const commitLast = await openChange(['1-1-1']);
  await (await openChange(['1-1-2']))();
  await feed.read();
  expect(feed.seen).toEqual(['1-1-2']);
  await commitLast();
  await feed.read();
  expect(feed.seen).toEqual(['1-1-2', '1-1-1']);
});

test('readers that number at once give each change one number', async () => {
  const feeds = Array.from({ length: 4 }, () => createFeedStore(system()));
  const start = (await feeds[0]?.end())?.last ?? 0;
  const writers = Array.from({ length: 20 }, async (_, i) => (await openChange([`1-1-${i + 1}`]))());
  await Promise.all([...writers, ...feeds.flatMap((feed) => [feed.end(), feed.end(), feed.end()])]);
  const end = await createFeedStore(system()).end();
  const { changes } = await wholePage(createFeedStore(system()), start, end, { types: ['seats.blocked'] }, 100);
  expect(changes).toHaveLength(20);
  expect(new Set(changes.map(({ cursor }) => cursor)).size).toBe(20);
});

describe('what is undone is not in the feed', () => {
  test('a transaction that is rolled back', async () => {
    const feed = await feedReader(100);
    const undone = system().prisma.$transaction(async (transaction) => {
      await noteChange(transaction, 'seats.blocked', 1, { seats: ['1-1-1'] });
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await feed.read();
    expect(feed.seen).toEqual([]);
  });

  test('a job that is delivered again writes its change once', async () => {
    const feed = createFeedStore(system());
    const { last } = await feed.end();
    const house = await system().events.readHouse(1);
    const claim = { ...seatsRequest({ hold: true }), generation: house?.generation ?? 0, seats: SEATS };
    for (let i = 0; i < 2; i += 1) await system().bookings.save([claim]);
    const page = await wholePage(feed, last, await feed.end(), { types: ['booking.held'] }, 100);
    expect(page.changes).toHaveLength(1);
  });
});

/** Saves a booking, whose change is read from its row. */
async function saveBooking(): Promise<void> {
  const house = await system().events.readHouse(1);
  const request = { ...seatsRequest({ hold: true }), generation: house?.generation ?? 0, seats: SEATS };
  await system().bookings.save([request]);
}

describe('rows that are deleted while a page is read', () => {
  test('are on the page: it is read as of its beginning', async () => {
    const feed = createFeedStore(system());
    const { last } = await feed.end();
    await saveBooking();
    const end = await feed.end();
    let reading: ReturnType<typeof wholePage> | undefined;
    await system().prisma.$transaction(async (transaction) => {
      await transaction.$executeRaw`LOCK TABLE booking_change`;
      reading = wholePage(feed, last, end, { types: ['booking.held'] }, 100); // its data waits for the lock
      const waits = () => system().prisma.$queryRaw<unknown[]>`SELECT FROM pg_locks WHERE NOT granted`;
      await until(async () => (await waits()).length > 0, 20_000);
      await transaction.$executeRaw`UPDATE feed SET floor = last`;
      await transaction.$executeRaw`DELETE FROM change_batch`;
      await transaction.$executeRaw`DELETE FROM booking`;
    });
    expect((await reading)?.changes.map(({ type }) => type)).toEqual(['booking.held']);
  });

  test.each([
    ['floor = last', { isWhole: false }],
    ['epoch = gen_random_uuid()', 'expired'],
  ])('%s: a reader notices that some may be gone', async (change, expected) => {
    const feed = createFeedStore(system());
    const { last } = await feed.end();
    await saveBooking();
    const end = await feed.end();
    expect((await wholePage(feed, last, end, {}, 100)).changes).not.toEqual([]);
    await system().prisma.$executeRawUnsafe(`UPDATE feed SET ${change}`);
    await system().prisma.changeBatch.deleteMany();
    const page = await feed.page(last, end, {}, 100);
    if (typeof expected === 'string') expect(page).toBe(expected);
    else expect(page).toMatchObject(expected);
  });
});
