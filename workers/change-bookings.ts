import type { ChangeRequest } from '../shared/contract/jobs.ts';
import { doneOutcome, rejectedOutcome } from '../shared/contract/tickets.ts';
import { groupBy } from '../shared/domain/group-by.ts';
import type { Holding } from '../shared/domain/holdings.ts';
import { labelOf } from '../shared/domain/house.ts';
import { type WrittenOutcome, writeOutcome } from '../shared/domain/outcome-text.ts';
import { maySell, type SellBy } from '../shared/domain/selling.ts';
import { sharedNowMs } from '../shared/platform/clock.ts';
import type { Logger } from '../shared/platform/logger.ts';
import { timed } from '../shared/platform/metrics.ts';
import type { BookingStore } from '../shared/stores/postgres/bookings.ts';
import type { EventStore } from '../shared/stores/postgres/events.ts';
import type { HoldStore } from '../shared/stores/postgres/holds.ts';
import type { GivingBooking } from '../shared/stores/postgres/releases.ts';
import type { TicketStore } from '../shared/stores/redis/tickets.ts';
import type { SeatStore } from '../shared/stores/seats.ts';
import { metrics } from '../shared/telemetry/metrics.ts';
import { type BatchTrace, traceBatch, traced, traceIdOf } from '../shared/telemetry/ticket-traces.ts';
import type { ReleaseSeats } from './expire-holds.ts';
import { findLoneCompanions } from './lone-companions.ts';

const changeSeconds = metrics.stepSeconds.labels('change');
const changeRequests = metrics.batchRequests.labels('change');

type ChangeDeps = {
  bookings: Pick<BookingStore, 'owners' | 'findNow'>;
  events: Pick<EventStore, 'layout'>;
  holds: HoldStore;
  seats: SeatStore;
  tickets: TicketStore;
  releaseSeats: ReleaseSeats;
  sellBy?: SellBy;
  log: Logger;
};

/** Changes a batch of bookings of one shard: PostgreSQL, then the locks in Redis, then settle. It may run again. */
export function createChange(deps: ChangeDeps) {
  return async function change(shard: number, requests: readonly ChangeRequest[]): Promise<void> {
    changeRequests.observe(requests.length);
    const batch = traceBatch('change', shard, requests);
    try {
      await changeAll(deps, shard, requests, batch);
    } finally {
      batch?.end();
    }
  };
}

async function changeAll(
  deps: ChangeDeps,
  shard: number,
  requests: readonly ChangeRequest[],
  batch: BatchTrace | undefined,
): Promise<void> {
  const { holds, tickets, releaseSeats, sellBy = 'anyone', log } = deps;
  /** A confirm sells: only a trusted server may request it (I12). Only an operator returns sold seats (I6). */
  const isAllowed = (request: ChangeRequest) => {
    if (request.kind === 'return') return request.by !== undefined;
    return request.kind !== 'confirm' || maySell(sellBy, request);
  };
  const restricted = await findLoneCompanions(deps, requests);
  const possible = requests.filter(({ ticketId }) => !restricted.has(ticketId));
  const results = await timed(changeSeconds, () =>
    traced(batch, 'change', requests, () => holds.change(possible, isAllowed)),
  );
  const outcomes = new Map<string, WrittenOutcome>();
  const renewals: (Renewal & { eventId: number })[] = [];
  const giving: GivingBooking[] = [];
  const eventOf = new Map<string, number>();
  for (const request of requests) {
    const { ticketId, kind } = request;
    const refused = restricted.get(ticketId);
    const result = refused ? { code: 'SEAT_RESTRICTED' as const, booking: refused } : results.get(ticketId);
    if (result === undefined) throw new Error(`change ${ticketId} has no result`);
    if (result === 'unsavable') {
      outcomes.set(ticketId, writeOutcome({ kind, status: 'failed', code: 'INTERNAL' }));
      log.error({ ticketId, traceId: traceIdOf(request) }, 'saving a change failed');
      continue;
    }
    if ('code' in result) {
      outcomes.set(ticketId, writeOutcome(rejectedOutcome(kind, result)));
      continue;
    }
    const { booking } = result;
    outcomes.set(ticketId, writeOutcome(doneOutcome(kind, booking)));
    const { eventId, userId, seats: labels } = booking;
    eventOf.set(ticketId, eventId);
    if (kind === 'reduce' || kind === 'cancel' || kind === 'return') {
      giving.push({ id: booking.id, eventId });
      continue;
    }
    // The lock in Redis is only a fence: PostgreSQL's clock decides, so Redis' may be a little off.
    const holdMs = booking.expiresAt === undefined ? 0 : Math.max(1, Date.parse(booking.expiresAt) - sharedNowMs());
    renewals.push({ eventId, ticketId: booking.id, userId, seats: labels, holdMs });
  }
  // An event whose house does not open holds up no other: its tickets are settled when the job runs again.
  const faults = new Map<number, unknown>();
  const noteFault = (eventId: number) => (fault: unknown) => void faults.set(eventId, fault);
  for (const [eventId, ofEvent] of groupBy(renewals, (renewal) => renewal.eventId))
    await renew(deps, eventId, ofEvent).catch(noteFault(eventId));
  for (const [eventId, ofEvent] of groupBy(giving, (booking) => booking.eventId))
    await releaseSeats(ofEvent).catch(noteFault(eventId));
  for (const [ticketId, eventId] of eventOf) if (faults.has(eventId)) outcomes.delete(ticketId);
  const confirmed = await tickets.confirmChanges(shard, outcomes);
  await traced(batch, 'settle', requests, () => tickets.settle(shard, confirmed));
  for (const fault of faults.values()) throw fault;
}

/** Held seats whose locks get another end, or that are sold (`holdMs` 0). `ticketId`: their booking. */
type Renewal = Holding & { holdMs: number };

/** Renews held seats by their locks. Those that an exchange took have its ticket as their owner. */
async function renew({ bookings, seats }: ChangeDeps, eventId: number, renewals: readonly Renewal[]): Promise<void> {
  const labels = renewals.flatMap((renewal) => renewal.seats);
  if ((await seats.renew(eventId, renewals)) === labels.length) return;
  const owned = await bookings.owners(eventId, labels);
  const exchanged = renewals.flatMap((renewal) =>
    owned.flatMap(({ bookingId, owner, ...seat }) =>
      bookingId === renewal.ticketId && owner !== bookingId
        ? [{ ...renewal, ticketId: owner, seats: [labelOf(seat)] }]
        : [],
    ),
  );
  if (exchanged.length > 0) await seats.renew(eventId, exchanged);
}
