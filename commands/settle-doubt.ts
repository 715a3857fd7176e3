import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { type Booking, booking as bookingShape } from '../shared/contract/tickets.ts';
import { hasSeats } from '../shared/domain/seat-doubt.ts';
import { ConfigError } from '../shared/platform/config-error.ts';
import { exitOnStartFault } from '../shared/platform/shutdown.ts';
import { createDoubtStore, type Doubt, type DoubtStore } from '../shared/stores/doubts.ts';
import { openStores } from './stores.ts';

const HELP = `npm run settle-doubt [-- --event N]
npm run settle-doubt -- --event N --free 1-1-1,1-1-2
npm run settle-doubt -- --event N --restore 1-1-1,1-1-2 [--booking ID [--user N]]
npm run settle-doubt -- --event N --end ID,ID

Seats in doubt: Redis had them as taken, PostgreSQL has no booking of them. They are blocked, because a client may have
been told a booking that PostgreSQL lost. Without an option it lists them, with the booking that a client was told as
far as Redis still knows it: for an hour, or for a day where the request had an idempotency key.

--restore saves the bookings of these seats again as they were told. For seats of which Redis knows none, name the
booking's id and its user: they are saved as sold.
--free    makes seats available again: be sure that nobody was told a booking of them.

--end     ends bookings that PostgreSQL has as live, and whose clients were told that they ended: it lost that. Another
client may have been told a booking of their seats since, so these are in doubt then. Do it first.

All are written into the audit trail. Without DATABASE_URL and REDIS_URL it uses the system that runs on DATA_DIR.`;

/** The note on an event of which Redis has no house. */
const ENDED = '. It has ended: restore bookings to return or refund them, nothing of it is sold again';

const options = {
  event: { type: 'string' },
  restore: { type: 'string' },
  free: { type: 'string' },
  end: { type: 'string' },
  booking: { type: 'string' },
  user: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const hasSeatsNow = (told: Booking): boolean => hasSeats(told, Date.now());

const describe = ({ label, told }: Doubt): string => {
  if (told === undefined) return `  ${label}: Redis knows no booking of it`;
  const { id, userId, status, seats, createdAt, expiresAt } = told;
  const owner = userId === undefined ? 'without a user' : `of user ${userId}`;
  const until = expiresAt === undefined ? '' : ` until ${expiresAt}`;
  const what = `${status}${until}${hasSeatsNow(told) ? '' : ' (nobody has it: free it)'}`;
  return `  ${label}: told ${what}, booking ${id} ${owner}, ${seats.join(' ')}, created ${createdAt}`;
};

/** The bookings to restore: those of these seats that Redis knows as held or sold, or the one that is named. */
function bookingsOf(
  eventId: number,
  doubts: readonly Doubt[],
  labels: readonly string[],
  named: { booking?: string | undefined; user?: string | undefined },
): Booking[] {
  const told = labels.flatMap((label) => doubts.find((doubt) => doubt.label === label)?.told ?? []).filter(hasSeatsNow);
  const restored = [...new Map(told.map((booking) => [booking.id, booking])).values()];
  const unknown = labels.filter((label) => !restored.some(({ seats }) => seats.includes(label)));
  if (unknown.length === 0) return restored;
  if (named.booking === undefined)
    throw new ConfigError(`--restore: Redis knows no live booking of ${unknown.join(', ')}. Name it with --booking.`);
  const userId = named.user === undefined ? undefined : Number(named.user);
  const parsed = bookingShape.safeParse({
    id: named.booking,
    eventId,
    ...(userId !== undefined && { userId }),
    status: 'CONFIRMED',
    seatsCount: unknown.length,
    seats: unknown,
    createdAt: new Date().toISOString(),
  });
  if (!parsed.success) throw new ConfigError('--booking is a ticket id, --user a number, --restore labels of seats');
  return [...restored, parsed.data];
}

type Values = { event?: string; restore?: string; free?: string; end?: string; booking?: string; user?: string };

/** Makes the changes of one event that the options name. */
async function settle(doubtsIn: DoubtStore, eventId: number, values: Values): Promise<void> {
  const by = { name: 'npm run settle-doubt', address: hostname().slice(0, 64) };
  if (values.end !== undefined) {
    const wanted = values.end.split(',');
    for (const booking of (await doubtsIn.lostEnds(eventId)).filter(({ id }) => wanted.includes(id))) {
      const labels = await doubtsIn.end(booking, by);
      console.log(`Event ${eventId}: ended booking ${booking.id} as ${booking.status}, ${labels.join(' ')}`);
    }
  }
  if (values.free !== undefined) {
    const freed = await doubtsIn.free(eventId, values.free.split(','), by);
    console.log(`Event ${eventId}: freed ${freed.length} seats ${freed.join(' ')}`);
  }
  if (values.restore !== undefined) {
    const doubts = await doubtsIn.list(eventId);
    for (const booking of bookingsOf(eventId, doubts, values.restore.split(','), values)) {
      await doubtsIn.restore(booking, by);
      console.log(`Event ${eventId}: restored booking ${booking.id}, ${booking.seats.join(' ')}`);
    }
  }
}

/** Prints an event's seats in doubt and, where there are any or the event was named, the ends that were lost. */
async function show(doubtsIn: DoubtStore, eventId: number, isNamed: boolean, hasEnded: boolean): Promise<void> {
  const doubts = await doubtsIn.list(eventId);
  console.log(`Event ${eventId}: ${doubts.length} seats in doubt${doubts.length > 0 && hasEnded ? ENDED : ''}`);
  for (const doubt of doubts) console.log(describe(doubt));
  if (!isNamed && doubts.length === 0) return; // the search reads every ticket
  for (const { id, status, seats } of await doubtsIn.lostEnds(eventId))
    console.log(`  booking ${id}, ${seats.join(' ')}: told ${status}, PostgreSQL has it as live (--end ${id})`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options });
  if (values.help) return void console.log(HELP);
  const stores = await openStores('settle-doubt');
  try {
    const doubtsIn = createDoubtStore(stores);
    const isChange = [values.restore, values.free, values.end].some((value) => value !== undefined);
    if (isChange && values.event === undefined) throw new ConfigError('--restore, --free and --end need --event N');
    for (const eventId of await stores.eventsOf(values.event)) {
      await settle(doubtsIn, eventId, values);
      await show(doubtsIn, eventId, values.event !== undefined, await stores.events.hasEnded(eventId));
    }
  } finally {
    await stores.close();
  }
}

await main().catch(exitOnStartFault);
