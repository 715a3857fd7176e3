import type { ErrorCode } from '../shared/contract/codes.ts';
import type { BookRequest } from '../shared/contract/jobs.ts';
import { type Booking, doneOutcome, type Outcome, rejectedOutcome } from '../shared/contract/tickets.ts';
import { maySell, type SellBy } from '../shared/domain/selling.ts';
import type { Logger } from '../shared/platform/logger.ts';
import { timed } from '../shared/platform/metrics.ts';
import type { BookingStore, Claim, Earlier, SaveResult } from '../shared/stores/postgres/bookings.ts';
import type { RoomStore } from '../shared/stores/redis/rooms.ts';
import type { Decision, SeatStore } from '../shared/stores/redis/seats.ts';
import type { TicketStore } from '../shared/stores/redis/tickets.ts';
import { metrics } from '../shared/telemetry/metrics.ts';
import { type BatchTrace, traceBatch, traced, traceIdOf } from '../shared/telemetry/ticket-traces.ts';

/** Rounds of claim and save before what is still undecided goes back to the queue. */
const MAX_ROUNDS = 5;

/**
 * Seats that a ticket claimed and its booking does not have: where its claim was forgotten before its job came again, it
 * claimed others than the ones that had been saved for it; where its idempotency key had, the booking is another ticket's.
 */
function unsaved(claim: Claim, booking: Booking): string[] {
  const live = booking.id === claim.ticketId && (booking.status === 'PENDING' || booking.status === 'CONFIRMED');
  return live ? claim.seats.filter((label) => !booking.seats.includes(label)) : claim.seats;
}

/** What PostgreSQL refuses although Redis did not, as its client sees it. */
const refusalOf: Partial<Record<Extract<SaveResult, string>, ErrorCode>> = {
  'no such user': 'USER_UNKNOWN',
  limit: 'SEAT_LIMIT',
  'no buyer': 'BUYER_REQUIRED',
  mismatch: 'IDEMPOTENCY_MISMATCH',
};

const claimSeconds = metrics.stepSeconds.labels('claim');
const saveSeconds = metrics.stepSeconds.labels('save');
const settleSeconds = metrics.stepSeconds.labels('settle');
const claimRequests = metrics.batchRequests.labels('claim');

/** A sale that no trusted server requested is refused before it claims seats (I12). */
const notSold: Decision = { kind: 'refused', refusal: { code: 'FORBIDDEN' } };

const failed: Outcome = { kind: 'book', status: 'failed', code: 'INTERNAL' };

function outcomeOfEarlier(before: Earlier): Outcome {
  if (before === 'failed') return failed;
  if (before === 'mismatch') return rejectedOutcome('book', { code: 'IDEMPOTENCY_MISMATCH' });
  return doneOutcome('book', before.booking);
}

/** The story of a batch of one shard: claim, save, settle. Running it again changes nothing (I2). */
export function createBook(deps: {
  seats: SeatStore;
  rooms: Pick<RoomStore, 'open'>;
  bookings: BookingStore;
  tickets: TicketStore;
  sellBy?: SellBy;
  log: Logger;
}) {
  const { seats, rooms, bookings, tickets, sellBy = 'anyone', log } = deps;

  /** The decisions of a batch, in its order. */
  async function claim(shard: number, requests: readonly BookRequest[]): Promise<(Decision | undefined)[]> {
    if (sellBy === 'anyone') return seats.claim(shard, requests);
    const allowed = requests.filter((request) => request.hold || maySell(sellBy, request));
    const decisions = await seats.claim(shard, allowed);
    const byTicket = new Map(allowed.map(({ ticketId }, i) => [ticketId, decisions[i]]));
    return requests.map(({ ticketId }) => byTicket.get(ticketId) ?? notSold);
  }

  /** One round: settles whom it can and answers with the requests that have to be claimed again. */
  async function round(
    shard: number,
    requests: readonly BookRequest[],
    batch: BatchTrace | undefined,
  ): Promise<BookRequest[]> {
    const outcomes = new Map<string, Outcome>();
    const again: BookRequest[] = [];
    const claims: Claim[] = [];
    const refused: BookRequest[] = [];
    const outdated = new Set<number>();
    claimRequests.observe(requests.length);
    const decisions = await timed(claimSeconds, () => traced(batch, 'claim', requests, () => claim(shard, requests)));
    const byTicket = new Map(requests.map((request) => [request.ticketId, request]));
    for (const [i, request] of requests.entries()) {
      const decision = decisions[i];
      const { ticketId, eventId, hold, userId, idempotency } = request;
      if (decision?.kind === 'got') {
        const { generation, seats: labels } = decision;
        claims.push({ ticketId, eventId, hold, userId, idempotency, generation, seats: labels });
      } else if (decision?.kind === 'refused') {
        outcomes.set(ticketId, rejectedOutcome('book', decision.refusal));
        refused.push(request);
      } else if (decision?.kind === 'closed') {
        outdated.add(eventId);
        again.push(request);
      }
    }

    // A refusal may be for want of the very seats that the same request got before Redis forgot it.
    const [saved, earlier] = await timed(saveSeconds, () =>
      traced(batch, 'save', requests, () => Promise.all([bookings.save(claims), bookings.findEarlier(refused)])),
    );
    for (const [ticketId, before] of earlier) outcomes.set(ticketId, outcomeOfEarlier(before));
    for (const claim of claims) {
      const result = saved.get(claim.ticketId);
      const request = byTicket.get(claim.ticketId);
      if (request === undefined || result === undefined) throw new Error(`claim ${claim.ticketId} was not saved`);
      if (typeof result === 'object') {
        outcomes.set(claim.ticketId, doneOutcome('book', result.booking));
        const extra = unsaved(claim, result.booking);
        if (extra.length > 0) await seats.release(claim.eventId, [{ ...claim, seats: extra }]);
        continue;
      }
      const refusal = refusalOf[result];
      if (refusal !== undefined) {
        outcomes.set(claim.ticketId, rejectedOutcome('book', { code: refusal }));
        await seats.release(claim.eventId, [claim]);
        continue;
      }
      if (result === 'unsavable' || result === 'failed') {
        outcomes.set(claim.ticketId, failed);
        await seats.release(claim.eventId, [claim]);
        const ids = { ticketId: claim.ticketId, traceId: traceIdOf(request) };
        log.error({ ...ids, seats: claim.seats, result }, 'claim cannot be saved');
        continue;
      }
      again.push(request);
      if (result === 'lost') await giveUp(claim, traceIdOf(request));
      else outdated.add(claim.eventId);
    }

    if (outcomes.size > 0) {
      const settling = batch === undefined ? [] : requests.filter(({ ticketId }) => outcomes.has(ticketId));
      await timed(settleSeconds, () => traced(batch, 'settle', settling, () => tickets.settle(shard, outcomes)));
    }
    // The line before the house: no admission of a line that a clear has ended may meet the house that is opened after
    // it.
    const lines = new Set(again.flatMap(({ eventId, admission }) => (admission === undefined ? [] : [eventId])));
    for (const eventId of lines) if (outdated.has(eventId)) await rooms.open(eventId);
    for (const eventId of outdated) await seats.open(eventId);
    return again;
  }

  /** PostgreSQL gave a seat of this claim to someone else: Redis learns whose it is, the rest of the claim is freed. */
  async function giveUp(claim: Claim, traceId: string | undefined): Promise<void> {
    const owners = await bookings.owners(claim.eventId, claim.seats);
    const mended = await seats.mend(claim.eventId, owners);
    await seats.release(claim.eventId, [claim]);
    log.warn(
      { ticketId: claim.ticketId, traceId, seats: claim.seats, mended },
      'claim lost in PostgreSQL, Redis mended',
    );
  }

  return async function book(shard: number, requests: readonly BookRequest[]): Promise<void> {
    const batch = traceBatch('book', shard, requests);
    try {
      let undecided = [...requests];
      for (let rounds = 0; undecided.length > 0; rounds += 1) {
        if (rounds === MAX_ROUNDS) throw new Error(`${undecided.length} requests undecided after ${rounds} rounds`);
        undecided = await round(shard, undecided, batch);
      }
    } finally {
      batch?.end();
    }
  };
}
