import type { Redis } from 'ioredis';
import type { Idempotency } from '../../contract/jobs.ts';
import { type Outcome, type TicketKind, ticketKind } from '../../contract/tickets.ts';
import { groupBy } from '../../domain/group-by.ts';
import { shardOfKey } from '../../domain/ticket-id.ts';
import { metrics } from '../../telemetry/metrics.ts';
import { keysOf } from './keys.ts';
import { pushFields } from './script-values.ts';
import type { Scripts } from './scripts.ts';

/** Seconds that a ticket is kept in Redis after its outcome. Its booking is found in PostgreSQL for ever. */
const TICKET_TTL_SECONDS = 3_600;

/** Seconds that an idempotency key is remembered (I5), and its ticket after its outcome. */
const IDEMPOTENCY_TTL_SECONDS = 24 * 3_600;

/**
 * Seconds that a refused ticket and its idempotency key are kept: a client can cause any number of refusals, and Redis'
 * memory is finite.
 */
const REFUSED_TTL_SECONDS = 600;

/** A request at the door: a fresh ticket id, and what an idempotency key binds it to. */
export type TicketRequest = {
  ticketId: string;
  kind: TicketKind;
  /** Whose it is; nobody's else. */
  userId?: number | undefined;
  idempotency?: Idempotency | undefined;
  /** The end of the admission that it uses, in milliseconds since 1970 by Redis' clock. */
  admittedUntilMs?: number | undefined;
};

/** What intake knows of a ticket once it is recorded. `place - settled` is its position. */
export type AcceptedTicket = { ticketId: string; place: number; enqueue: boolean };

/**
 * A look at a ticket; undefined where Redis does not know it. Its outcome stays the JSON that the worker wrote: it goes to clients as
 * it is.
 */
export type TicketLook =
  | { place: number; kind: TicketKind; outcome: string | undefined; userId: number | undefined }
  | undefined;

/**
 * Tickets of a shard: accepted and settled, ever, and how many wait. What is not on the booking queue waits for nothing: its API died
 * before it was queued, and the counters are put right by the next ticket.
 */
export async function countTickets(redis: Redis, shard: number) {
  const keys = keysOf(shard);
  const [accepted, settled, ...jobs] = await Promise.all([
    redis.get(keys.sequence).then(Number),
    redis.get(keys.settled).then(Number),
    redis.llen(keys.waiting),
    redis.llen(keys.active),
    redis.zcard(keys.delayed),
  ]);
  return { accepted, settled, waiting: jobs.every((count) => count === 0) ? 0 : Math.max(0, accepted - settled) };
}

/** One call of the counter for each different outcome, and not for each ticket. */
function countOutcomes(outcomes: readonly Outcome[]): void {
  const alike = groupBy(outcomes, (one) => `${one.kind} ${one.status} ${'code' in one ? one.code : ''}`);
  for (const some of alike.values()) {
    const [one] = some as [Outcome];
    metrics.outcomes.inc({ kind: one.kind, status: one.status, code: 'code' in one ? one.code : '' }, some.length);
  }
}

/** Tickets in Redis: recorded at the door, settled by a worker, watched by API nodes. */
export function createTicketStore({ redis, scripts, shards }: { redis: Redis; scripts: Scripts; shards: number }) {
  /** The key under which `bindEverywhere` has bound an idempotency key, and its shard. */
  const boundEverywhere = (digest: string) => ({ shard: shardOfKey(digest, shards), digest: `${digest}:request` });

  /** Keys whose requests were refused are remembered for as long as these in their second shard, too. */
  async function forgetSooner(digests: readonly string[]): Promise<void> {
    const bound = digests.map(boundEverywhere);
    await Promise.all(
      bound.map(({ shard, digest }) => redis.expire(`${keysOf(shard).idempotencyStem}${digest}`, REFUSED_TTL_SECONDS)),
    );
  }

  return {
    /**
     * Records a batch of tickets of one shard. `node` is told of their outcomes. `fresh` says that their ids are new: they were not recorded
     * by a call that broke.
     *
     * @returns for each the ticket (an older one where its idempotency key was used before with the same request),
     * `'mismatch'` where the key was used with another, `'ended'` where its admission has ended; or `'overloaded'` for
     * all, and then nothing was recorded
     */
    async accept(
      shard: number,
      node: string,
      requests: readonly TicketRequest[],
      { maxQueued, fresh }: { maxQueued: number; fresh: boolean },
    ): Promise<{ settled: number; tickets: (AcceptedTicket | 'mismatch' | 'ended')[] } | 'overloaded'> {
      const args: (string | number)[] = [maxQueued, IDEMPOTENCY_TTL_SECONDS, node, fresh ? 1 : 0];
      for (const { ticketId, kind, userId, idempotency, admittedUntilMs } of requests) {
        pushFields(args, 'acceptTickets', {
          ticketId,
          kind,
          user: userId ?? '',
          keyDigest: idempotency?.digest ?? '',
          fingerprint: idempotency?.fingerprint ?? '',
          admittedUntilMs: admittedUntilMs ?? '',
        });
      }
      const reply = await scripts<(string | number)[] | 'OVERLOADED'>('acceptTickets', shard, args);
      if (reply === 'OVERLOADED') return 'overloaded';
      const accepted = requests.map((_request, i): AcceptedTicket | 'mismatch' | 'ended' => {
        const [ticketId, place, enqueue] = [reply[3 * i + 1], reply[3 * i + 2], reply[3 * i + 3]];
        if (ticketId === '') return 'mismatch';
        if (ticketId === 'ENDED') return 'ended';
        return { ticketId: String(ticketId), place: Number(place), enqueue: enqueue === 1 };
      });
      return { settled: Number(reply[0]), tickets: accepted };
    },

    /** Notes that tickets are on the queue: a key that leads to one and is repeated does not put it there again. */
    noteQueued: (shard: number, ticketIds: readonly string[]): Promise<number> =>
      scripts('noteQueued', shard, ticketIds),

    /**
     * Binds an idempotency key to an id, for what has no ticket.
     *
     * @returns the id that the key leads to, perhaps an older one; undefined where it was used with another request
     */
    async bindKey(shard: number, { digest, fingerprint }: Idempotency, id: string): Promise<string | undefined> {
      const leadsTo = await scripts<string>('bindKey', shard, [digest, id, fingerprint, IDEMPOTENCY_TTL_SECONDS]);
      return leadsTo === '' ? undefined : leadsTo;
    },

    /**
     * Binds an idempotency key in a shard that follows from the key alone: its own shard judges it together with its
     * ticket; this binding reveals another use of it in another shard. With one shard there is nothing to do.
     *
     * @returns whether it is the first request of the key or the same as before
     */
    async bindEverywhere({ digest, fingerprint }: Idempotency, ticketId: string): Promise<boolean> {
      if (shards === 1) return true;
      const bound = boundEverywhere(digest);
      return (await this.bindKey(bound.shard, { digest: bound.digest, fingerprint }, ticketId)) !== undefined;
    },

    /**
     * Writes outcomes; a ticket that has one keeps it (I2). API nodes that watch are told.
     *
     * @returns how many tickets had none before
     */
    async settle(shard: number, outcomes: ReadonlyMap<string, Outcome>): Promise<number> {
      const args: (string | number)[] = [TICKET_TTL_SECONDS, IDEMPOTENCY_TTL_SECONDS, REFUSED_TTL_SECONDS];
      for (const [ticketId, outcome] of outcomes)
        pushFields(args, 'settleTickets', {
          ticketId,
          outcome: JSON.stringify(outcome),
          refused: outcome.status === 'rejected' ? 1 : 0,
        });
      const [settled, ...digests] = await scripts<[number, ...string[]]>('settleTickets', shard, args);
      if (shards > 1 && digests.length > 0) await forgetSooner(digests);
      // Of outcomes that stood already it cannot be told which: a batch that comes again counts as what was new of it, at most.
      if (settled > 0) countOutcomes([...outcomes.values()].slice(0, settled));
      return settled;
    },

    /** Reads tickets of one shard, in order, and registers `node` as a watcher of those that have no outcome yet. */
    async watch(
      shard: number,
      node: string,
      ticketIds: readonly string[],
    ): Promise<{ settled: number; tickets: TicketLook[] }> {
      type Reply = [settled: number, tickets: ([place: number, kind: string, outcome: string, user: string] | [])[]];
      const [settled, tickets] = await scripts<Reply>('watchTickets', shard, [node, ...ticketIds]);
      return {
        settled,
        tickets: tickets.map(([place, kind, json = '', user = '']) => {
          if (place === undefined) return undefined;
          const userId = user === '' ? undefined : Number(user);
          return { place, kind: ticketKind.parse(kind), outcome: json === '' ? undefined : json, userId };
        }),
      };
    },
  };
}

export type TicketStore = ReturnType<typeof createTicketStore>;
