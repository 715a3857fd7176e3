import { DEFAULT_EVENT } from '../../shared/contract/ids.ts';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import { labelOf, PLACES_IN_ROW } from '../../shared/domain/house.ts';
import { fieldOfTicket, newBatch } from '../../shared/domain/ticket-id.ts';
import { batchKeyOf } from '../../shared/stores/redis/keys.ts';
import { rowsOfZone } from '../../shared/stores/redis/seat-bitmaps.ts';
import { command, number, seed } from '../kit/command.ts';
import { below, chance, createRandom, type Random } from '../kit/random.ts';
import { type Check, figureLines, reportProgress } from '../kit/report.ts';
import { withOwnServers } from '../kit/rig.ts';
import type { Stores } from '../kit/stores.ts';

const HOUSE = { ZONES: 1, ROWS: 20, SEATS_PER_ROW: 65 };

/** An area beside it, for which as many contend. */
const AREA = { number: 2, rows: 10, seatsPerRow: PLACES_IN_ROW, isArea: true, capacity: 600 };

/** Claims of one call. */
const BATCH = 250;

/** Seats of one claim at most. */
const MAX_SEATS = 5;

/** The shares of claims that are released, and whose job is repeated. */
const RELEASE_SHARE = 0.9;
const RETRY_SHARE = 0.1;

/** Owned seats and places from which on all are released, so that the contest goes on. */
const FULL = 1_800;

const PROGRESS_MS = 5_000;

/** The share of claims that hold their seats; the others sell them. */
const HOLD_SHARE = 0.5;

/**
 * A claim that got seats. While `isRepeated` a repetition of it is under way: it must not be released meanwhile, or it
 * would rightly get other seats.
 */
type Claimed = { request: BookRequest; ticketId: string; generation: number; seats: string[]; isRepeated: boolean };

/** The contest: the claim that has each seat, and counts of claims. `doubled` and `changed` must stay 0. */
type Contest = {
  attempts: number;
  random: Random;
  owners: Map<string, Claimed>;
  tried: number;
  claimed: number;
  refused: number;
  released: number;
  retried: number;
  doubled: number;
  changed: number;
};

function newRequest(random: Random, ticketId: string): BookRequest {
  const count = 1 + below(random, MAX_SEATS);
  const inZone = chance(random, 0.5) ? { zone: 1, row: 1, count } : { zone: 1, count };
  const wish = chance(random, 0.5) ? inZone : { zone: AREA.number, count };
  return { ticketId, eventId: DEFAULT_EVENT, wish, hold: chance(random, HOLD_SHARE) };
}

/** Claims a batch, and records the new owner of each seat. */
async function claimBatch(contest: Contest, { seats }: Stores, requests: BookRequest[]): Promise<Claimed[]> {
  const { owners } = contest;
  const claims: Claimed[] = [];
  const decisions = await seats.claim(0, requests);
  for (const [i, request] of requests.entries()) {
    const decision = decisions[i];
    if (decision?.kind !== 'got') continue;
    const { generation, seats: labels } = decision;
    const claim = { request, ticketId: request.ticketId, generation, seats: labels, isRepeated: true };
    for (const label of labels) {
      if (owners.has(label)) contest.doubled += 1;
      owners.set(label, claim);
    }
    claims.push(claim);
  }
  contest.claimed += claims.length;
  contest.refused += requests.length - claims.length;
  return claims;
}

/** Repeats the jobs of claims, as a worker does after a crash. Each must get the same seats. */
async function repeatClaims(contest: Contest, { seats }: Stores, claims: readonly Claimed[]): Promise<void> {
  if (claims.length === 0) return;
  const requests = claims.map(({ request }) => request);
  const decisions = await seats.claim(0, requests);
  contest.retried += claims.length;
  for (const [i, claim] of claims.entries()) {
    const decision = decisions[i];
    if (decision?.kind !== 'got' || decision.seats.join() !== claim.seats.join()) contest.changed += 1;
  }
}

/** Releases claims, each twice: the second time another claim may have the seats. Then forgets their tickets. */
async function release(contest: Contest, { redis, seats }: Stores, claims: readonly Claimed[]): Promise<void> {
  if (claims.length === 0) return;
  for (const claim of claims)
    for (const label of claim.seats) if (contest.owners.get(label) === claim) contest.owners.delete(label);
  const release = (claim: Claimed) => seats.releaseClaim({ ...claim, eventId: DEFAULT_EVENT });
  for (const freed of await Promise.all(claims.map(release))) contest.released += freed;
  await Promise.all(claims.map(release));
  await Promise.all(claims.map(({ ticketId }) => redis.hdel(batchKeyOf(0, ticketId), fieldOfTicket(ticketId))));
}

/** Claims, repeats and releases over one connection until enough claims were tried. */
async function contend(contest: Contest, stores: Stores): Promise<void> {
  const { random, attempts, owners } = contest;
  while (contest.tried < attempts) {
    const count = Math.min(BATCH, attempts - contest.tried);
    const nextId = newBatch(0);
    const requests = Array.from({ length: count }, () => newRequest(random, nextId()));
    contest.tried += count;
    const claims = await claimBatch(contest, stores, requests);
    const repeated = claims.filter(() => chance(random, RETRY_SHARE));
    await repeatClaims(contest, stores, repeated);
    for (const claim of claims) claim.isRepeated = false;
    const released = claims.filter(() => chance(random, RELEASE_SHARE));
    await release(contest, stores, released);
    if (owners.size > FULL) {
      const all = new Set(owners.values());
      await release(
        contest,
        stores,
        [...all].filter(({ isRepeated }) => !isRepeated),
      );
    }
  }
}

/** Seats that Redis has otherwise than the contest. */
async function countDifferences({ owners }: Contest, { seats }: Stores): Promise<number> {
  const house = await seats.open(DEFAULT_EVENT);
  const taken = await seats.takenIn(DEFAULT_EVENT, house.zones.flatMap(rowsOfZone));
  const wrong = taken.filter(({ seat, status, holder }) => {
    const owner = owners.get(labelOf(seat));
    if (owner === undefined) return true;
    return owner.request.hold ? holder !== owner.ticketId : status !== 'SOLD';
  }).length;
  return wrong + Math.abs(taken.length - owners.size);
}

await command({
  name: 'contend',
  summary: `Contends for one row, one zone and one area by the scripts alone, over several connections at once, on
servers of its own: claims of 1 to ${MAX_SEATS} seats, releases, and repeated claims. It compares the seats of every
claim with their owners.`,
  options: {
    attempts: number('claims to try', 1_000_000, { max: 1e9 }),
    connections: number('connections to Redis', 8, { max: 1_000 }),
    seed: seed('seed of the random wishes'),
  },
  run: ({ attempts, connections, seed: wishSeed }) =>
    withOwnServers({ name: 'contend', house: HOUSE }, async ({ openStores }): Promise<Check[]> => {
      const stores = await Promise.all(Array.from({ length: connections }, () => openStores()));
      const [first] = stores as [Stores, ...Stores[]];
      await first.prisma.zone.create({ data: { ...AREA, eventId: DEFAULT_EVENT } });
      await first.seats.rebuild(DEFAULT_EVENT);
      console.log(`${attempts} attempts over ${connections} connections (seed ${wishSeed})`);
      const counts = { tried: 0, claimed: 0, refused: 0, released: 0, retried: 0, doubled: 0, changed: 0 };
      const contest: Contest = { attempts, random: createRandom(wishSeed), owners: new Map(), ...counts };
      const stop = reportProgress(() => `${contest.tried} tried, ${contest.claimed} got seats`, PROGRESS_MS);
      const startedAt = performance.now();
      await Promise.all(stores.map((connection) => contend(contest, connection))).finally(stop);
      const seconds = (performance.now() - startedAt) / 1000;
      const differences = await countDifferences(contest, first);
      console.log(
        figureLines([
          ['claims with seats', contest.claimed],
          ['refused', contest.refused],
          ['seats released', contest.released],
          ['repeated claims', contest.retried],
          ['seconds', `${seconds.toFixed(0)} (${Math.round(contest.tried / seconds)} attempts a second)`],
        ]),
      );
      return [
        { what: 'no seat is sold twice', held: contest.doubled === 0, figure: contest.doubled },
        {
          what: 'repeated claims get the same seats',
          held: contest.changed === 0,
          figure: `${contest.changed} changed`,
        },
        {
          what: 'Redis has the seats that were claimed',
          held: differences === 0,
          figure: `${differences} differences`,
        },
      ];
    }),
});
