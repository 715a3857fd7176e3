import { setTimeout as sleep } from 'node:timers/promises';
import type { Receipt } from '../../shared/contract/waiting-room.ts';
import { createLink } from '../../shared/domain/draw.ts';
import { createGroupCommit } from '../../shared/domain/group-commit.ts';
import type { Line } from '../../shared/domain/line.ts';
import type { RoomState } from '../../shared/stores/redis/room-hash.ts';
import type { Joining, ShownChallenge } from '../../shared/stores/redis/rooms.ts';
import type { RoomStore } from '../../shared/stores/rooms.ts';
import { ApiError } from '../http/errors.ts';

/** Visitors who join with one call of Redis, and who may wait for it in this process. */
const MAX_JOINS = 500;
const MAX_WAITING = 20_000;

/**
 * Milliseconds between the attempts of a batch: a worker may have to allow more numbers, or restore the line, first.
 */
const RETRY_PAUSES_MS = [50, 200, 400];

/**
 * A join. `userId`: the user who owns the place, one each; `replaces`: the arrival number of a place that has ended;
 * `spent`: the challenge that a new place costs.
 */
type Join = {
  nonce: string;
  userId: number | undefined;
  replaces: number | undefined;
  spent?: ShownChallenge | undefined;
};

/** An arrival number, whether it is new, and before the draw the proof that the nonce is in the chain. */
type Joined = { arrival: number; isNew: boolean; receipt?: Receipt };

/** Arrival numbers by user. */
type Places = ReadonlyMap<number, number>;

type BatchLink = ReturnType<typeof createLink>;
type JoinStore = Pick<RoomStore, 'join' | 'placesOf' | 'savePlaces'>;
type JoinableLine = Line & { state: RoomState | undefined };

/**
 * Joins visitors to one line. Those who join during a call of Redis share the next call. The function returns undefined
 * where too many are waiting, resolves to `'spent'` where the challenge has given a place before, and rejects where the
 * line cannot be reached or takes nobody.
 */
export function createJoin(store: JoinStore, line: JoinableLine) {
  const commit = createGroupCommit<Join, Joined | 'spent'>({
    flush: (batch) => joinPersistently(store, line, batch),
    maxItems: MAX_JOINS,
    maxWaiting: MAX_WAITING,
  });
  return commit.add;
}

async function joinPersistently(store: JoinStore, line: JoinableLine, batch: Join[]): Promise<(Joined | 'spent')[]> {
  for (const pauseMs of [...RETRY_PAUSES_MS, undefined]) {
    const joined = await joinTogether(store, line, batch, new Set());
    if (joined !== 'later') return joined;
    if (pauseMs !== undefined) await sleep(pauseMs);
  }
  throw new ApiError('UNAVAILABLE', `For the moment the line of event ${line.eventId} takes nobody.`);
}

/** Joins a batch with one call. A spent challenge fails alone: the others join without it. */
async function joinTogether(
  store: JoinStore,
  line: JoinableLine,
  batch: Join[],
  refused: ReadonlySet<Join>,
): Promise<(Joined | 'spent')[] | 'later'> {
  const users = [...new Set(batch.flatMap(({ userId }) => userId ?? []))];
  const places: Places = users.length === 0 ? new Map() : await store.placesOf(line, users);
  const { newcomers, repeats } = selectNewcomers(batch, places, refused);
  if (newcomers.length === 0) return batch.map((join) => (repeats.has(join) ? 'spent' : ownPlace(join, places)));

  const paying = newcomers.filter(({ spent }) => spent !== undefined);
  const batchLink = createLink(newcomers.map(({ nonce }) => nonce));
  const challenges = paying.flatMap(({ spent }) => spent ?? []);
  const joining = await store.join(line, newcomers.length, batchLink.link, challenges);
  if (joining === 'later') return 'later';
  if ('spent' in joining) {
    const spenders = joining.spent.flatMap((i) => paying[i] ?? []);
    return joinTogether(store, line, batch, new Set([...refused, ...spenders]));
  }
  // The line is closed for the draw: known here before the next read.
  const { state } = line;
  if (state !== undefined && joining.people !== undefined)
    line.state = { ...state, people: state.people ?? joining.people };
  const taken = newcomers.flatMap(({ userId, replaces }, i) =>
    userId === undefined ? [] : [{ userId, replaces, arrival: joining.first + i }],
  );
  const kept: Places = taken.length === 0 ? places : await store.savePlaces(line, taken);
  const indices = new Map(newcomers.map((join, i) => [join, i]));
  return batch.map((join) => {
    if (repeats.has(join)) return 'spent';
    const index = indices.get(join);
    const arrival = index === undefined ? undefined : joining.first + index;
    const owned = join.userId === undefined ? arrival : (kept.get(join.userId) ?? places.get(join.userId));
    if (index === undefined || owned !== arrival) return { arrival: requireArrival(owned), isNew: false };
    return joinedAs(join, joining, index, batchLink);
  });
}

/**
 * The joins that need a new number, and those that show a challenge which another join has spent. A user has one place
 * and keeps it until it has ended; visitors without a user always get a new one.
 */
function selectNewcomers(batch: Join[], places: Places, refused: ReadonlySet<Join>) {
  const repeats = new Set(refused);
  const seen = new Set<number | string>();
  const newcomers = batch.filter((join) => {
    const { userId, replaces, spent } = join;
    const place = userId === undefined ? undefined : places.get(userId);
    const hasPlace = place !== undefined && place !== replaces;
    if (refused.has(join) || hasPlace || (userId !== undefined && seen.has(userId))) return false;
    if (spent !== undefined && seen.has(spent.id)) return void repeats.add(join);
    if (userId !== undefined) seen.add(userId);
    if (spent !== undefined) seen.add(spent.id);
    return true;
  });
  return { newcomers, repeats };
}

const requireArrival = (arrival: number | undefined): number => {
  if (arrival === undefined) throw new Error('a user who joined has no place');
  return arrival;
};

const ownPlace = ({ userId }: Join, places: Places): Joined => ({
  arrival: requireArrival(userId === undefined ? undefined : places.get(userId)),
  isNew: false,
});

/** A new place, with its receipt while the line is open for the draw. */
function joinedAs({ nonce }: Join, { first, chain }: Joining, index: number, { link, pathOf }: BatchLink): Joined {
  const arrival = first + index;
  if (chain === undefined) return { arrival, isNew: true };
  const receipt = { arrival, nonce, path: pathOf(index), link, chainBefore: chain.before, chain: chain.after };
  return { arrival, isNew: true, receipt };
}
