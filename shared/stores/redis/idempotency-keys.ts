import type { Idempotency } from '../../contract/jobs.ts';
import { createGroupCommit } from '../../domain/group-commit.ts';
import { shardOfKey } from '../../domain/ticket-id.ts';
import { isUnavailable, NotReady, throwUnlessUnavailable } from '../../platform/faults.ts';
import type { RedisShards } from '../../platform/redis.ts';
import { keysOf } from './keys.ts';
import type { ReplicatedWrites } from './replicas.ts';
import { pushFields } from './script-values.ts';
import type { Scripts } from './scripts.ts';

/** Seconds that an idempotency key is remembered, and its outcome (I5). */
export const IDEMPOTENCY_TTL_SECONDS = 24 * 3_600;

/**
 * Seconds that a batch of which all tickets were refused is kept, and the idempotency key of a refused ticket: a client
 * can cause any number of refusals, and Redis' memory is finite.
 */
export const REFUSED_TTL_SECONDS = 600;

/** Keys that one call binds in a shard, and keys that may wait for the next call. */
const MAX_BOUND = 500;
const MAX_WAITING = 20_000;

type Deps = { regular: RedisShards; replicated: ReplicatedWrites; shards: number };

type Binding = Idempotency & { id: string };

/** Binds keys in a shard. @returns for each the id that it leads to; '' where it was used with another request */
function bindKeys(scripts: Scripts, shard: number, bindings: readonly Binding[]): Promise<string[]> {
  const args: (string | number)[] = [IDEMPOTENCY_TTL_SECONDS];
  for (const binding of bindings) pushFields(args, 'bindKeys', binding);
  return scripts<string[]>('bindKeys', shard, args);
}

/** The digest under which `bindEverywhere` binds a key. */
const digestAtHome = (digest: string): string => `${digest}:request`;

/**
 * Idempotency keys. A key is judged in the shard of its request, together with its ticket. It is also bound in two
 * shards that follow from the key alone, its homes: so a second use in another shard is found, also while one of the
 * homes is dead. With one shard there are none.
 */
export function createIdempotencyKeys({ regular, replicated, shards }: Deps) {
  function homesOf(digest: string): number[] {
    if (shards === 1) return [];
    const first = shardOfKey(digest, shards);
    return [first, (first + 1) % shards];
  }
  /** The keys of requests that arrive together are bound in one call for each shard. */
  const binders = Array.from({ length: shards }, (_, shard) =>
    createGroupCommit<Binding, string>({
      flush: (bindings) => bindKeys(replicated.scripts, shard, bindings),
      maxItems: MAX_BOUND,
      maxWaiting: MAX_WAITING,
    }),
  );

  /** @returns the id that the key leads to; undefined where it was used with another request */
  async function bindIn(shard: number, binding: Binding): Promise<string | undefined> {
    const bound = await binders[shard]?.add(binding);
    if (bound === undefined) throw new NotReady('too many idempotency keys wait to be bound');
    return bound === '' ? undefined : bound;
  }

  /** Sets how long keys are remembered at their homes. Those in a dead shard stay as they are. */
  async function keepEverywhere(digests: readonly string[], isRefused: boolean): Promise<void> {
    const seconds = isRefused ? REFUSED_TTL_SECONDS : IDEMPOTENCY_TTL_SECONDS;
    const keep = (shard: number, digest: string) =>
      regular
        .of(shard)
        .expire(`${keysOf(shard).idempotencyStem}${digestAtHome(digest)}`, seconds)
        .catch(throwUnlessUnavailable);
    await Promise.all(digests.flatMap((digest) => homesOf(digest).map((shard) => keep(shard, digest))));
  }

  return {
    /**
     * Binds an idempotency key to an id, for requests without a ticket.
     *
     * @returns the id that the key leads to, perhaps an older one; undefined where it was used with another request
     */
    bindKey: (shard: number, key: Idempotency, id: string): Promise<string | undefined> =>
      bindIn(shard, { ...key, id }),

    /**
     * Binds an idempotency key at its homes, one after the other, so that only the first of several requests with it
     * reaches the second.
     *
     * @returns whether the binding is new; undefined where the key was used with another request
     * @throws NotReplicated; the fault of the second home where both are dead
     */
    async bindEverywhere({ digest, fingerprint }: Idempotency, id: string): Promise<boolean | undefined> {
      const binding = { digest: digestAtHome(digest), fingerprint, id };
      const homes = homesOf(digest);
      let isNew = true;
      let faults = 0;
      for (const home of homes) {
        const confirm = replicated.begin(home);
        try {
          const boundId = await bindIn(home, binding);
          if (boundId === undefined) return undefined;
          isNew &&= boundId === id;
          await confirm();
        } catch (fault) {
          faults += 1;
          if (faults === homes.length || !isUnavailable(fault)) throw fault;
        }
      }
      return isNew;
    },

    keepEverywhere,
  };
}
