import type { HouseChange, NewHouse } from '../../contract/houses.ts';
import { MAX_SEATS_REFUSED } from '../../contract/limits.ts';
import { type Category, labelOf, type Seat } from '../../domain/house.ts';
import { changedHouse, changesSeats, isSeatChanged } from '../../domain/house-changes.ts';
import { type HouseColumns, houseColumns, type ZoneColumns } from '../../domain/house-columns.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { SeatsTaken } from './blocks.ts';
import { bookingPrices } from './booking-rows.ts';
import type { Database } from './event-rows.ts';

/** Taken seats that one statement reads, and bookings whose prices one statement stores. */
const SEATS_AT_ONCE = 10_000;
const BOOKINGS_AT_ONCE = 10_000;

/** Writes the categories and zones of a new event, except those that exist. @throws HouseProblem */
export async function createHouse(database: Database, eventId: number, description: NewHouse): Promise<void> {
  const { categories, zones } = houseColumns(description);
  await database.category.createMany({
    data: categories.map((category) => ({ eventId, ...categoryRow(category) })),
    skipDuplicates: true,
  });
  await database.zone.createMany({ data: zones.map((zone) => ({ eventId, ...zoneRow(zone) })), skipDuplicates: true });
}

/**
 * Changes the house of an event that the transaction has locked. Other zones or seats raise its generation, so that no
 * claim of the house before can be saved.
 *
 * @returns what it changed, as it was before
 * @throws HouseProblem; SeatsTaken where a seat that is held, sold or blocked would go or become another
 */
export async function changeHouse(
  eventId: number,
  change: HouseChange,
  transaction: Prisma.TransactionClient,
): Promise<object> {
  const before = await readColumns(eventId, transaction);
  const after = changedHouse(before, change);
  const [categories, zones] = [
    changedAmong(before.categories, after.categories),
    changedAmong(before.zones, after.zones),
  ];
  await requireFree(eventId, before, after, zones, transaction);
  if (change.categories !== undefined) await storePrices(eventId, transaction);
  for (const category of categories) {
    const row = categoryRow(category);
    const where = { eventId_number: { eventId, number: category.number } };
    await transaction.category.upsert({ where, create: { eventId, ...row }, update: row });
  }
  for (const zone of zones) {
    const row = zoneRow(zone);
    const where = { eventId_number: { eventId, number: zone.number } };
    await transaction.zone.upsert({ where, create: { eventId, ...row }, update: row });
  }
  if (changesSeats(change))
    await transaction.event.updateMany({ where: { id: eventId }, data: { generation: { increment: 1 } } });
  return {
    ...(change.categories && { categories: asBefore(before.categories, categories) }),
    ...(changesSeats(change) && { zones: asBefore(before.zones, zones).map(({ plan: _plan, ...zone }) => zone) }),
  };
}

async function readColumns(eventId: number, transaction: Prisma.TransactionClient): Promise<HouseColumns> {
  const [where, orderBy, omit] = [{ eventId }, { number: 'asc' }, { eventId: true }] as const;
  const categories = await transaction.category.findMany({ where, orderBy, omit });
  const zones = await transaction.zone.findMany({ where, orderBy, omit });
  // The JSON was validated when it was written.
  return { categories: categories as Category[], zones: zones as ZoneColumns[] };
}

const categoryRow = ({ types, ...category }: Category) => ({ ...category, types: types ?? Prisma.DbNull });

const zoneRow = ({ plan, ...zone }: ZoneColumns) => ({ ...zone, plan: plan ?? Prisma.DbNull });

/** Those of these items that differ from before, or are new. */
function changedAmong<Item extends { number: number }>(before: readonly Item[], after: readonly Item[]): Item[] {
  return after.filter((item) => JSON.stringify(before[item.number - 1]) !== JSON.stringify(item));
}

/** The items as they were before, without those that are new. */
const asBefore = <Item extends { number: number }>(before: readonly Item[], changed: readonly Item[]): Item[] =>
  before.filter(({ number }) => changed.some((item) => item.number === number));

/** @throws SeatsTaken with the first seats that somebody has, and that would go or become another */
async function requireFree(
  eventId: number,
  before: HouseColumns,
  after: HouseColumns,
  zones: readonly ZoneColumns[],
  transaction: Prisma.TransactionClient,
): Promise<void> {
  const taken: string[] = [];
  for (const { number: zone } of zones) {
    let [row, number] = [0, 0];
    for (;;) {
      const seats = await transaction.$queryRaw<Seat[]>`
        SELECT zone, row, number FROM seat
        WHERE event_id = ${eventId}::int AND zone = ${zone}::int AND (row, number) > (${row}::int, ${number}::int)
        ORDER BY row, number LIMIT ${SEATS_AT_ONCE}`;
      taken.push(...seats.filter((seat) => isSeatChanged(before, after, seat)).map(labelOf));
      if (taken.length >= MAX_SEATS_REFUSED) throw new SeatsTaken(taken.slice(0, MAX_SEATS_REFUSED));
      const last = seats.at(-1);
      if (last === undefined || seats.length < SEATS_AT_ONCE) break;
      ({ row, number } = last);
    }
  }
  if (taken.length > 0) throw new SeatsTaken(taken);
}

/**
 * Stores the prices of zones in the bookings of a version before, which stored none: they keep what they cost when
 * prices change. It goes through them in slices.
 */
async function storePrices(eventId: number, transaction: Prisma.TransactionClient): Promise<void> {
  let stored: number;
  do {
    stored = await transaction.$executeRaw`
      UPDATE booking SET prices = ${bookingPrices}, currency = coalesce(booking.currency, event.currency)
      FROM event
      WHERE event.id = ${eventId}::int AND booking.id IN (
        SELECT id FROM booking WHERE event_id = ${eventId}::int AND prices IS NULL LIMIT ${BOOKINGS_AT_ONCE})`;
  } while (stored === BOOKINGS_AT_ONCE);
}
