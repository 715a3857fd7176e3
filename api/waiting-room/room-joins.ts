import { setTimeout as sleep } from 'node:timers/promises';
import type { Receipt } from '../../shared/contract/waiting-room.ts';
import { createLink } from '../../shared/domain/draw.ts';
import { createGroupCommit } from '../../shared/domain/group-commit.ts';
import type { Joining, Room, RoomState, RoomStore, Spent } from '../../shared/stores/redis/rooms.ts';
import { ApiError } from '../http/errors.ts';

/** Visitors who join with one call of Redis, and who may wait for it in this process. */
const MAX_JOINS = 500;
const MAX_WAITING = 20_000;

/** Milliseconds between the tries of a batch of joins: a worker may have to write numbers ahead, or restore the line, first. */
const RETRY_PAUSES_MS = [50, 200, 400];

/**
 * A join. `userId`: the user who owns the place, one each; `instead`: the arrival number of a place that is over;
 * `spent`: the challenge that a new place costs.
 */
type Join = {
  nonce: string;
  userId: number | undefined;
  instead: number | undefined;
  spent?: Spent | undefined;
};

/** An arrival number, whether it was given just now, and before the draw what shows that the nonce counts in it. */
type Joined = { arrival: number; isNew: boolean; receipt?: Receipt };

/** Joins whose challenge another place has cost before, in this batch or ever. */
type Refused = ReadonlySet<Join>;

/**
 * Joining one room's line: who joins while a call of Redis is under way joins with the next one. The function answers undefined
 * where too many wait already, `'spent'` where the challenge has given a place before, and rejects where the line
 * cannot be reached or takes nobody.
 */
export function createJoin(
  store: Pick<RoomStore, 'join' | 'placesOf' | 'keepPlaces'>,
  room: Room & { state: RoomState | undefined },
) {
  const commit = createGroupCommit<Join, Joined | 'spent'>({
    flush: joinPersistently,
    maxItems: MAX_JOINS,
    maxWaiting: MAX_WAITING,
  });
  return commit.add;

  async function joinPersistently(batch: Join[]): Promise<(Joined | 'spent')[]> {
    for (const pauseMs of RETRY_PAUSES_MS) {
      const joined = await joinTogether(batch);
      if (joined !== 'later') return joined;
      await sleep(pauseMs);
    }
    const joined = await joinTogether(batch);
    if (joined === 'later')
      throw new ApiError('UNAVAILABLE', `For the moment the line of event ${room.eventId} takes nobody.`);
    return joined;
  }

  /**
   * Where users must log in, each has one place and keeps it; all others get new numbers. A challenge that was spent
   * fails alone: the others join without it.
   */
  async function joinTogether(batch: Join[], refused: Refused = new Set()): Promise<(Joined | 'spent')[] | 'later'> {
    const users = [...new Set(batch.flatMap(({ userId }) => userId ?? []))];
    const before = users.length === 0 ? new Map<number, number>() : await store.placesOf(room, users);
    const isKept = ({ userId, instead }: Join) => {
      const place = userId === undefined ? undefined : before.get(userId);
      return place !== undefined && place !== instead;
    };
    const seen = new Set<number | string>();
    const twice = new Set(refused);
    const newcomers = batch.filter((join) => {
      const { userId, spent } = join;
      if (refused.has(join) || isKept(join) || (userId !== undefined && seen.has(userId))) return false;
      if (spent !== undefined && seen.has(spent.id)) return void twice.add(join);
      if (userId !== undefined) seen.add(userId);
      if (spent !== undefined) seen.add(spent.id);
      return true;
    });
    const showing = newcomers.filter(({ spent }) => spent !== undefined);
    const { link, pathOf } = createLink(newcomers.map(({ nonce }) => nonce));
    const given: Joining | { spent: number[] } | 'later' =
      newcomers.length === 0
        ? { first: 0 }
        : await store.join(
            room,
            newcomers.length,
            link,
            showing.flatMap(({ spent }) => spent ?? []),
          );
    if (given === 'later') return 'later';
    if ('spent' in given)
      return joinTogether(batch, new Set([...refused, ...given.spent.flatMap((i) => showing[i] ?? [])]));

    const { first, people, chain } = given;
    if (room.state !== undefined) room.state.people ??= people; // known here before the next look
    const fresh = new Map(newcomers.map((join, i) => [join, { arrival: first + i, path: () => pathOf(i) }]));
    const places = newcomers.flatMap(({ userId, instead }, i) =>
      userId === undefined ? [] : [{ userId, instead, arrival: first + i }],
    );
    const kept = places.length === 0 ? before : await store.keepPlaces(room, places);
    return batch.map((join) => {
      if (twice.has(join)) return 'spent';
      const mine = fresh.get(join);
      const arrival = join.userId === undefined ? mine?.arrival : (kept.get(join.userId) ?? before.get(join.userId));
      if (arrival === undefined) throw new Error('a user who joined has no place');
      if (mine === undefined || mine.arrival !== arrival) return { arrival, isNew: false };
      if (chain === undefined) return { arrival, isNew: true };
      const { nonce } = join;
      const receipt = { arrival, nonce, path: mine.path(), link, chainBefore: chain.before, chain: chain.after };
      return { arrival, isNew: true, receipt };
    });
  }
}
