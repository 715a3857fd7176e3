import type { ErrorCode } from '../shared/contract/codes.ts';
import type { BookRequest } from '../shared/contract/jobs.ts';
import { doneOutcome, rejectedOutcome } from '../shared/contract/tickets.ts';
import { labelOf } from '../shared/domain/house.ts';
import { type WrittenOutcome, writeBooked, writeOutcome } from '../shared/domain/outcome-text.ts';
import { maySell, type SellBy } from '../shared/domain/selling.ts';
import type { Logger } from '../shared/platform/logger.ts';
import { timed } from '../shared/platform/metrics.ts';
import type { BookingStore } from '../shared/stores/postgres/bookings.ts';
import type { EventStore } from '../shared/stores/postgres/events.ts';
import type { HoldStore } from '../shared/stores/postgres/holds.ts';
import type { RecordedResult } from '../shared/stores/postgres/recorded-results.ts';
import type { Claim, SaveResult } from '../shared/stores/postgres/save-bookings.ts';
import type { Decision } from '../shared/stores/redis/claims.ts';
import type { ReplicatedWrites } from '../shared/stores/redis/replicas.ts';
import type { TicketStore } from '../shared/stores/redis/tickets.ts';
import type { RoomStore } from '../shared/stores/rooms.ts';
import type { SeatStore } from '../shared/stores/seats.ts';
import { metrics } from '../shared/telemetry/metrics.ts';
import { type BatchTrace, traceBatch, traced, traceIdOf } from '../shared/telemetry/ticket-traces.ts';
import { createFreeUnsaved, type FreeUnsaved } from './unsaved-seats.ts';

/** Rounds of claim and save before the requests that are still undecided go back to the queue. */
const MAX_ROUNDS = 5;

const claimSeconds = metrics.stepSeconds.labels('claim');
const saveSeconds = metrics.stepSeconds.labels('save');
const settleSeconds = metrics.stepSeconds.labels('settle');
const claimRequests = metrics.batchRequests.labels('claim');

type BookDeps = {
  seats: SeatStore;
  rooms: Pick<RoomStore, 'open'>;
  events: Pick<EventStore, 'endedAmong'>;
  bookings: BookingStore;
  holds: HoldStore;
  tickets: TicketStore;
  replicated: Pick<ReplicatedWrites, 'begin'>;
  sellBy?: SellBy;
  log: Logger;
};

type Deps = BookDeps & { freeUnsaved: FreeUnsaved };

/**
 * One round of a batch. A request is at first claimed or refused by Redis, or `undecided` where Redis has an outdated
 * house. PostgreSQL then turns each claim into an outcome, or makes it undecided too. The next round claims the
 * undecided requests again.
 */
type Round = {
  claims: Claim[];
  refused: BookRequest[];
  undecided: BookRequest[];
  outcomes: Map<string, WrittenOutcome>;
  /** Events whose house Redis has to read anew before the next round. */
  outdatedEvents: Set<number>;
};

/** Books a batch of one shard: claim, save, settle. Running it again changes nothing (I2). */
export function createBook(bookDeps: BookDeps) {
  const deps: Deps = { ...bookDeps, freeUnsaved: createFreeUnsaved(bookDeps) };

  return async function book(shard: number, requests: readonly BookRequest[]): Promise<void> {
    const batch = traceBatch('book', shard, requests);
    try {
      let undecided = [...requests];
      for (let rounds = 0; undecided.length > 0; rounds += 1) {
        if (rounds === MAX_ROUNDS) throw new Error(`${undecided.length} requests undecided after ${rounds} rounds`);
        undecided = await runRound(deps, shard, undecided, batch);
      }
    } finally {
      batch?.end();
    }
  };
}

/** Runs one round, and settles the tickets that it decided. @returns the undecided requests */
async function runRound(
  deps: Deps,
  shard: number,
  requests: readonly BookRequest[],
  batch: BatchTrace | undefined,
): Promise<BookRequest[]> {
  const { bookings, tickets, replicated } = deps;
  claimRequests.observe(requests.length);
  const confirm = replicated.begin();
  const claimed = await timed(claimSeconds, () => traced(batch, 'claim', requests, () => claim(deps, shard, requests)));
  const decisions = await refuseEnded(deps, requests, claimed);
  const round = beginRound(requests, decisions);
  const { claims, refused, undecided, outcomes } = round;

  // A refusal may be for want of the very seats that the same request got before Redis forgot it. Meanwhile replicas
  // get the decisions: a master that takes over must not decide otherwise after the outcome was published.
  const [saved, recorded] = await timed(saveSeconds, () =>
    traced(batch, 'save', requests, () =>
      Promise.all([bookings.save(claims), bookings.findRecordedResults(refused), confirm()]),
    ),
  );
  for (const [ticketId, result] of recorded) outcomes.set(ticketId, outcomeOfRecorded(result));
  await decideClaims(deps, round, requests, saved);

  if (outcomes.size > 0) {
    const settled = batch === undefined ? [] : requests.filter(({ ticketId }) => outcomes.has(ticketId));
    await timed(settleSeconds, () => traced(batch, 'settle', settled, () => tickets.settle(shard, outcomes)));
  }
  await openOutdated(deps, round);
  return undecided;
}

/** The decisions of Redis about a batch, in its order. */
async function claim(
  { seats, sellBy = 'anyone' }: BookDeps,
  shard: number,
  requests: readonly BookRequest[],
): Promise<(Decision | undefined)[]> {
  if (sellBy === 'anyone') return seats.claim(shard, requests);
  const allowed = requests.filter((request) => request.hold || maySell(sellBy, request));
  const decisions = await seats.claim(shard, allowed);
  const byTicket = new Map(allowed.map(({ ticketId }, i) => [ticketId, decisions[i]]));
  return requests.map(({ ticketId }) => byTicket.get(ticketId) ?? SALE_FORBIDDEN);
}

/** A sale that no trusted server requested is refused before it claims seats (I12). */
const SALE_FORBIDDEN: Decision = {
  kind: 'refused',
  outcome: writeOutcome(rejectedOutcome('book', { code: 'FORBIDDEN' })),
};

const EVENT_ENDED: Decision = {
  kind: 'refused',
  outcome: writeOutcome(rejectedOutcome('book', { code: 'EVENT_ENDED' })),
};

/** These decisions, with a refusal where a house is closed because its event has ended. */
async function refuseEnded(
  { events }: BookDeps,
  requests: readonly BookRequest[],
  decisions: readonly (Decision | undefined)[],
): Promise<readonly (Decision | undefined)[]> {
  const closed = requests.flatMap(({ eventId }, i) => (decisions[i]?.kind === 'closed' ? [eventId] : []));
  if (closed.length === 0) return decisions;
  const ended = await events.endedAmong([...new Set(closed)]);
  return decisions.map((decision, i) => {
    const eventId = requests[i]?.eventId;
    return decision?.kind === 'closed' && eventId !== undefined && ended.has(eventId) ? EVENT_ENDED : decision;
  });
}

function beginRound(requests: readonly BookRequest[], decisions: readonly (Decision | undefined)[]): Round {
  const round: Round = { claims: [], refused: [], undecided: [], outcomes: new Map(), outdatedEvents: new Set() };
  for (const [i, request] of requests.entries()) {
    const decision = decisions[i];
    const { ticketId, eventId, hold, userId, idempotency, reference, metadata } = request;
    if (decision?.kind === 'got') {
      const { generation, seats } = decision;
      round.claims.push({ ticketId, eventId, hold, userId, idempotency, generation, seats, reference, metadata });
    } else if (decision?.kind === 'refused') {
      round.outcomes.set(ticketId, decision.outcome);
      round.refused.push(request);
    } else if (decision?.kind === 'closed') {
      round.outdatedEvents.add(eventId);
      round.undecided.push(request);
    }
  }
  return round;
}

/** The code of a refusal by PostgreSQL of a claim that Redis accepted. */
const codeOfRefusal: Partial<Record<Extract<SaveResult, string>, ErrorCode>> = {
  'no such user': 'USER_UNKNOWN',
  limit: 'SEAT_LIMIT',
  'no buyer': 'BUYER_REQUIRED',
  mismatch: 'IDEMPOTENCY_MISMATCH',
};

const FAILED = writeOutcome({ kind: 'book', status: 'failed', code: 'INTERNAL' });

function outcomeOfRecorded(result: RecordedResult): WrittenOutcome {
  if (result === 'failed') return FAILED;
  if (result === 'mismatch') return writeOutcome(rejectedOutcome('book', { code: 'IDEMPOTENCY_MISMATCH' }));
  return writeOutcome(doneOutcome('book', result.booking));
}

/** Decides each claim of a round by the result of its save, and frees the seats that no booking has. */
async function decideClaims(
  { seats, bookings, freeUnsaved, log }: Deps,
  { claims, undecided, outcomes, outdatedEvents }: Round,
  requests: readonly BookRequest[],
  saved: ReadonlyMap<string, SaveResult>,
): Promise<void> {
  const byTicket = new Map(requests.map((request) => [request.ticketId, request]));
  for (const claim of claims) {
    const { ticketId, eventId } = claim;
    const result = saved.get(ticketId);
    const request = byTicket.get(ticketId);
    if (request === undefined || result === undefined) throw new Error(`claim ${ticketId} was not saved`);
    if (typeof result === 'object' && 'createdAt' in result) {
      outcomes.set(ticketId, writeBooked(claim, result));
      continue;
    }
    if (typeof result === 'object') {
      outcomes.set(ticketId, outcomeOfRecorded(result));
      await freeUnsaved(claim, result.booking);
      continue;
    }
    const code = codeOfRefusal[result];
    if (code !== undefined) {
      outcomes.set(ticketId, writeOutcome(rejectedOutcome('book', { code })));
      await freeUnsaved(claim, undefined);
    } else if (result === 'unsavable' || result === 'failed') {
      outcomes.set(ticketId, FAILED);
      await freeUnsaved(claim, undefined);
      log.error({ ticketId, traceId: traceIdOf(request), seats: claim.seats, result }, 'saving a claim failed');
    } else {
      undecided.push(request);
      if (result === 'lost') await giveUpClaim({ seats, bookings, log }, claim, traceIdOf(request));
      else outdatedEvents.add(eventId);
    }
  }
}

/** Another booking has a seat of this claim in PostgreSQL: Redis learns that, and only the other seats are freed. */
async function giveUpClaim(
  { seats, bookings, log }: Pick<BookDeps, 'seats' | 'bookings' | 'log'>,
  claim: Claim,
  traceId: string | undefined,
): Promise<void> {
  const { ticketId, eventId, seats: labels } = claim;
  const owners = await bookings.owners(eventId, labels);
  const mended = await seats.mend(eventId, owners);
  await seats.releaseClaim(claim, { owned: new Set(owners.map(labelOf)) });
  log.warn({ ticketId, traceId, seats: labels, mended }, 'claim lost in PostgreSQL, Redis mended');
}

/**
 * Opens the outdated events of a round anew. The line comes before the house: an admission to a line that a clear has
 * ended must not meet the house that is opened after the clear.
 */
async function openOutdated({ rooms, seats }: BookDeps, { undecided, outdatedEvents }: Round): Promise<void> {
  const withLine = new Set(undecided.flatMap(({ eventId, admission }) => (admission === undefined ? [] : [eventId])));
  for (const eventId of withLine) if (outdatedEvents.has(eventId)) await rooms.open(eventId);
  for (const eventId of outdatedEvents) await seats.open(eventId);
}
