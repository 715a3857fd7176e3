import type { ErrorCode } from '../shared/contract/codes.ts';
import type { BookRequest } from '../shared/contract/jobs.ts';
import { doneOutcome, rejectedOutcome } from '../shared/contract/tickets.ts';
import { type House, labelOf } from '../shared/domain/house.ts';
import { withNamedOffers } from '../shared/domain/named-offers.ts';
import { hasOffers, type WrittenOutcome, writeBooked, writeOutcome } from '../shared/domain/outcome-text.ts';
import { factsOfSeats } from '../shared/domain/seat-facts.ts';
import { maySell, type SellBy } from '../shared/domain/selling.ts';
import { takenWish } from '../shared/domain/taken-wish.ts';
import type { Logger } from '../shared/platform/logger.ts';
import { timed } from '../shared/platform/metrics.ts';
import type { BookingStore } from '../shared/stores/postgres/bookings.ts';
import type { EventStore } from '../shared/stores/postgres/events.ts';
import type { RecordedResult } from '../shared/stores/postgres/recorded-results.ts';
import type { ReleaseStore } from '../shared/stores/postgres/releases.ts';
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

/** A cached house of the generation of a claim describes its seats, whatever its age. */
const ANY_AGE_MS = Number.POSITIVE_INFINITY;

type BookDeps = {
  seats: SeatStore;
  rooms: Pick<RoomStore, 'open'>;
  events: Pick<EventStore, 'endedAmong' | 'layout' | 'readHouse'>;
  bookings: BookingStore;
  releases: ReleaseStore;
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
  outcomes: Map<string, WrittenOutcome>;
  /** The tickets of the next round, and those of them before whose round Redis has to read their house anew. */
  undecided: Set<string>;
  outdated: Set<string>;
};

/** The state of a request after a round. */
export type RoundResult = 'decided' | 'undecided' | 'outdated';

/** Runs one round for some requests. @returns the state of each, in order */
export type RunRound = (shard: number, requests: readonly BookRequest[]) => Promise<readonly RoundResult[]>;

/**
 * Books a batch of one shard: claim, save, settle. Running it again changes nothing (I2). A house that does not open
 * holds up only the requests of its event.
 *
 * @param runRound runs the rounds, perhaps with those of other batches; it waits for no house
 * @returns the function that books. It throws the fault of a house that does not open, after all else is decided
 */
export function createBook(deps: BookDeps, runRound: RunRound = createRounds(deps)) {
  return async function book(shard: number, requests: readonly BookRequest[]): Promise<void> {
    const faults = new Map<number, unknown>();
    let undecided = [...requests];
    for (let rounds = 0; undecided.length > 0; rounds += 1) {
      if (rounds === MAX_ROUNDS) throw new Error(`${undecided.length} requests undecided after ${rounds} rounds`);
      const results = await runRound(shard, undecided);
      await openOutdated(
        deps,
        undecided.filter((_, i) => results[i] === 'outdated'),
        faults,
      );
      undecided = undecided.filter(({ eventId }, i) => results[i] !== 'decided' && !faults.has(eventId));
    }
    for (const fault of faults.values()) throw fault;
  };
}

/** The rounds of batches: each settles the tickets that it decides. */
export function createRounds(bookDeps: BookDeps): RunRound {
  const deps: Deps = { ...bookDeps, freeUnsaved: createFreeUnsaved(bookDeps) };
  return async (shard, requests) => {
    const batch = traceBatch('book', shard, requests);
    try {
      const { undecided, outdated } = await decideRound(deps, shard, requests, batch);
      return requests.map(({ ticketId }) => {
        if (outdated.has(ticketId)) return 'outdated';
        return undecided.has(ticketId) ? 'undecided' : 'decided';
      });
    } finally {
      batch?.end();
    }
  };
}

async function decideRound(
  deps: Deps,
  shard: number,
  requests: readonly BookRequest[],
  batch: BatchTrace | undefined,
): Promise<Round> {
  const { bookings, tickets, replicated } = deps;
  claimRequests.observe(requests.length);
  const confirm = replicated.begin(shard);
  const claimed = await timed(claimSeconds, () => traced(batch, 'claim', requests, () => claim(deps, shard, requests)));
  const decisions = await refuseEnded(deps, requests, claimed);
  const round = beginRound(requests, decisions, await housesOf(deps, requests, decisions));
  const { claims, refused, outcomes } = round;

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
  return round;
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
  generation: 0, // of no house
  outcome: writeOutcome(rejectedOutcome('book', { code: 'FORBIDDEN' })),
};

const EVENT_ENDED: Decision = {
  kind: 'refused',
  generation: 0,
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

/**
 * The houses in which seats were got or offered, as they were then or later: a change raises the generation of a house.
 */
async function housesOf(
  { events }: BookDeps,
  requests: readonly BookRequest[],
  decisions: readonly (Decision | undefined)[],
): Promise<Map<number, House>> {
  const houses = new Map<number, House>();
  for (const [i, { eventId }] of requests.entries()) {
    const decision = decisions[i];
    const isShown = decision?.kind === 'got' || (decision?.kind === 'refused' && hasOffers(decision.outcome));
    if (!isShown) continue;
    let house = houses.get(eventId) ?? (await events.layout(eventId, ANY_AGE_MS));
    if (house !== undefined && house.generation < decision.generation) house = await events.readHouse(eventId);
    if (house !== undefined) houses.set(eventId, house);
  }
  return houses;
}

/** The claim of seats that a request got. Of a house that is gone nothing is saved. */
function claimOf(request: BookRequest, decision: Decision & { kind: 'got' }, house: House | undefined): Claim {
  const { ticketId, eventId, hold, userId, idempotency, reference, metadata, wish } = request;
  const { generation, seats } = decision;
  if (house === undefined) return { ticketId, eventId, hold, userId, idempotency, generation, seats };
  const taken = takenWish(house, wish, seats);
  const facts = factsOfSeats(house, seats, 'types' in taken ? taken.types : undefined);
  const maxPrice = 'maxPrice' in taken ? taken.maxPrice : undefined;
  return { ticketId, eventId, hold, userId, idempotency, generation, seats, reference, metadata, ...facts, maxPrice };
}

function beginRound(
  requests: readonly BookRequest[],
  decisions: readonly (Decision | undefined)[],
  houses: ReadonlyMap<number, House>,
): Round {
  const round: Round = { claims: [], refused: [], outcomes: new Map(), undecided: new Set(), outdated: new Set() };
  for (const [i, request] of requests.entries()) {
    const decision = decisions[i];
    const { ticketId, eventId } = request;
    if (decision?.kind === 'got') round.claims.push(claimOf(request, decision, houses.get(eventId)));
    else if (decision?.kind === 'refused') {
      const { outcome } = decision;
      const house = hasOffers(outcome) ? houses.get(eventId) : undefined;
      round.outcomes.set(ticketId, withNamedOffers(ticketId, outcome, house));
      round.refused.push(request);
    } else if (decision?.kind === 'closed') {
      round.undecided.add(ticketId);
      round.outdated.add(ticketId);
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

/**
 * Decides each claim of a round by the result of its save, and frees the seats that no booking has. Where that fails
 * the house may be closed: the claim is decided again once it is open.
 */
async function decideClaims(
  deps: Deps,
  round: Round,
  requests: readonly BookRequest[],
  saved: ReadonlyMap<string, SaveResult>,
): Promise<void> {
  const traces = new Map(requests.map((request) => [request.ticketId, traceIdOf(request)]));
  for (const claim of round.claims) {
    const { ticketId, eventId } = claim;
    const result = saved.get(ticketId);
    if (result === undefined) throw new Error(`claim ${ticketId} was not saved`);
    const traceId = traces.get(ticketId);
    await decideClaim(deps, round, claim, result, traceId).catch((fault: unknown) => {
      deps.log.warn({ err: fault, ticketId, traceId, eventId }, 'deciding a claim failed');
      round.undecided.add(ticketId);
      round.outdated.add(ticketId);
    });
  }
}

async function decideClaim(
  { seats, bookings, events, freeUnsaved, log }: Deps,
  { undecided, outdated, outcomes }: Round,
  claim: Claim,
  result: SaveResult,
  traceId: string | undefined,
): Promise<void> {
  const { ticketId } = claim;
  if (typeof result === 'object' && 'createdAt' in result) {
    outcomes.set(ticketId, writeBooked(claim, result));
    return;
  }
  if (typeof result === 'object') {
    await freeUnsaved(claim, result.booking);
    outcomes.set(ticketId, outcomeOfRecorded(result));
    return;
  }
  const code = codeOfRefusal[result];
  if (code !== undefined) {
    await freeUnsaved(claim, undefined);
    outcomes.set(ticketId, writeOutcome(rejectedOutcome('book', { code })));
  } else if (result === 'unsavable' || result === 'failed') {
    await freeUnsaved(claim, undefined);
    outcomes.set(ticketId, FAILED);
    log.error({ ticketId, traceId, seats: claim.seats, result }, 'saving a claim failed');
  } else {
    undecided.add(ticketId);
    if (result === 'lost') await giveUpClaim({ seats, bookings, log }, claim, traceId);
    else if (result === 'too dear') {
      await events.readHouse(claim.eventId); // the next round chooses by the prices of now
      await seats.releaseClaim(claim);
    } else outdated.add(ticketId);
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
 * Opens the houses of these requests anew. The line comes before the house: an admission to a line that a clear has
 * ended must not meet the house that is opened after the clear.
 *
 * @param faults gets the fault of each event whose house does not open in time
 */
async function openOutdated(
  { rooms, seats }: BookDeps,
  outdated: readonly BookRequest[],
  faults: Map<number, unknown>,
): Promise<void> {
  const withLine = new Set(outdated.flatMap(({ eventId, admission }) => (admission === undefined ? [] : [eventId])));
  const open = async (eventId: number): Promise<unknown> => {
    if (withLine.has(eventId)) await rooms.open(eventId);
    return seats.openSoon(eventId);
  };
  const eventIds = [...new Set(outdated.map(({ eventId }) => eventId))];
  await Promise.all(eventIds.map((eventId) => open(eventId).catch((fault: unknown) => faults.set(eventId, fault))));
}
