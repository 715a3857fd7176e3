import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { MAX_ROOMS } from '../../contract/limits.ts';
import type { RoomChange, RoomSettings } from '../../contract/waiting-room.ts';
import { EMPTY_CHAIN } from '../../domain/draw.ts';
import { groupBy } from '../../domain/group-by.ts';
import { shardOfEvent } from '../../domain/ticket-id.ts';
import { redisClockMs } from '../../platform/clock.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import type { Prisma } from '../../platform/prisma-client/client.ts';
import type { Database } from '../postgres/events.ts';
import { keysOf } from './keys.ts';
import type { Scripts } from './scripts.ts';

/** Positions and arrival numbers that lie in one chunk of bits, as lua/lib/room.lua has it. */
const CHUNK = 65_536;

/** Arrival numbers that PostgreSQL knows of ahead of those given: more than a herd takes between two steps. */
export const HEADROOM = 20_000;

/** Milliseconds between two entries of the history that PostgreSQL keeps. */
const MIRRORED_TURNS_MS = 5_000;

/**
 * Milliseconds by which a step may lie ahead of Redis' clock, as lua/lib/room.lua has it: one further ahead counts as
 * lost.
 */
const MAX_AHEAD_MS = 1_000;

/** Changes of the length of turns that PostgreSQL keeps for a room. */
const MAX_TERMS = 16;

/** A line, so long as its event is not cleared. */
export type Line = { eventId: number; generation: number };
export type MirroredLine = Line & { steppedMs: number };
type ActiveLine = MirroredLine & Pick<RoomSettings, 'challenge' | 'challengeBits'>;

/** A challenge that is shown for a place: the minute since 1970 in which it expires, and its id in the line. */
export type Spent = { minute: number; id: string };

/** A waiting room as PostgreSQL has it. The seed is a secret until the draw; `people` stands once it is drawn. */
export type Room = Line & {
  settings: RoomSettings;
  secret: Buffer;
  seed: string;
  chain: string;
  people: number | undefined;
};

/** How a line stands, as Redis has it. Rates are people a second, times milliseconds. */
export type RoomState = {
  generation: number;
  on: boolean;
  paused: boolean;
  joined: number;
  serving: number;
  /** Who came before the sale; undefined while their line is open. */
  people: number | undefined;
  drawn: boolean;
  chain: string;
  rate: number;
  /** Whether the rate is what bounds letting in; by which share it grows in a second then, and up to where, probably. */
  used: boolean;
  growth: number;
  top: number;
  /** The rate that an operator's limit allows; 0 without one. */
  limit: number;
  /** People let in a second, of late. */
  speed: number;
  etaSeconds: number;
  inside: number;
  offered: number;
  seatsFree: number;
  sold: boolean;
  /** Seats that one in the line takes, those counted who do not come; and that those let in will probably leave to the line. */
  seatsEach: number;
  seatsSpare: number;
  /** The most seats that one visitor in the line may take, as far as is known. */
  seatsMost: number;
  turnMs: number;
  admissionMs: number;
  /** Milliseconds that a hold lasts. */
  holdMs: number;
  login: boolean;
  /** Visitors who took their turn. */
  admitted: number;
  uses: number;
  onSaleMs: number;
  /** The event's. */
  timeZone: string;
  /** Milliseconds by which Redis' clock was ahead of this process' clock when this was read. */
  aheadMs?: number;
};

/** One step of letting in as a script proposed it: what PostgreSQL has to know first. */
export type Step = {
  nowMs: number;
  serving: number;
  proposed: number;
  joined: number;
  numbers: number;
  people: number | undefined;
  drawn: boolean;
  chain: string;
  windowMs: number;
};

/** What PostgreSQL knows of a line after a step. */
type Mirrored = { serving: number; numbers: number; people: number | null; chain: string };

/** The result of a batch of joins. */
export type Joining = { first: number; people?: number; chain?: { before: string; after: string } };

/** Waiting rooms: lines in Redis, where they move; settings, and what a wipe must not take, in PostgreSQL. */
export function createRoomStore(deps: { redis: Redis; scripts: Scripts; prisma: PrismaClient; shards: number }) {
  const { redis, scripts, prisma, shards } = deps;
  const shardOf = (eventId: number) => shardOfEvent(eventId, shards);

  const fresh = () => ({ secret: randomBytes(32), seed: randomBytes(32).toString('hex'), chain: EMPTY_CHAIN });

  async function find(eventId: number): Promise<Room | undefined> {
    const row = await prisma.waitingRoom.findUnique({ where: { eventId } });
    if (row === null) return undefined;
    const { generation, secret, seed, chain, people } = row;
    return {
      ...{ eventId, generation, seed, chain },
      settings: settingsOf(row),
      secret: Buffer.from(secret),
      people: people ?? undefined,
    };
  }

  return {
    find,

    /** The lines of all rooms that are not off, each with the last step that PostgreSQL knows of. */
    active: async (): Promise<ActiveLine[]> => {
      const rows = await prisma.waitingRoom.findMany({
        where: { mode: { not: 'OFF' } },
        select: { eventId: true, generation: true, steppedMs: true, challenge: true, challengeBits: true },
        orderBy: { eventId: 'asc' },
        take: MAX_ROOMS,
      });
      return rows.map((row) => ({ ...row, ...challengeOf(row), steppedMs: Number(row.steppedMs) }));
    },

    /**
     * Changes an event's room in PostgreSQL, and makes one where there is none. A new length of turns and admissions
     * holds for visitors called from then on: `terms` keeps the lengths promised to those called before.
     *
     * @returns the old values of the changed settings
     */
    async change(eventId: number, change: RoomChange, database: Database = prisma): Promise<Partial<RoomSettings>> {
      const { mode, challengeBits, ...rest } = change;
      const { turnSeconds = null, admissionSeconds = null } = change;
      const bits = challengeBits === 'auto' ? null : challengeBits;
      const set = Object.entries({ ...rest, challengeBits: bits, mode: mode && modes[mode] }).filter(
        ([, value]) => value !== undefined,
      );
      const data: Prisma.WaitingRoomUncheckedUpdateInput = Object.fromEntries(set);
      await database.waitingRoom.createMany({ data: { eventId, ...fresh() }, skipDuplicates: true });
      await database.$executeRaw`SELECT event_id FROM waiting_room WHERE event_id = ${eventId}::int FOR NO KEY UPDATE`;
      const before = settingsOf(await database.waitingRoom.findUniqueOrThrow({ where: { eventId } }));
      await database.$executeRaw`
        UPDATE waiting_room SET terms =
          CASE WHEN jsonb_array_length(terms) >= ${MAX_TERMS}::int THEN terms - 0 ELSE terms END
          || jsonb_build_array(jsonb_build_array(serving, turn_seconds * 1000, admission_seconds * 1000))
        WHERE event_id = ${eventId}::int AND serving > COALESCE((terms -> -1 ->> 0)::int, 0)
          AND (turn_seconds <> ${turnSeconds}::int OR admission_seconds <> ${admissionSeconds}::int)`;
      await database.waitingRoom.update({ where: { eventId }, data: { ...data, version: { increment: 1 } } });
      return Object.fromEntries(Object.entries(before).filter(([name]) => Object.hasOwn(change, name)));
    },

    /** Ends an event's line and every token of it: the next one has another seed. */
    async end(eventId: number, transaction: Prisma.TransactionClient): Promise<void> {
      const line = { numbers: 0, serving: 0, steppedMs: 0, people: null, turns: [], terms: [], ...fresh() };
      const raise = { generation: { increment: 1 }, version: { increment: 1 } };
      await transaction.waitingRoom.updateMany({ where: { eventId }, data: { ...line, ...raise } });
      await transaction.waitingPlace.deleteMany({ where: { eventId } });
    },

    /**
     * Makes Redis hold an event's room as PostgreSQL has it. A line that it did not have goes on above all numbers that may have been given,
     * and visitors may join at once. Answers the line's generation.
     */
    async open(eventId: number): Promise<number> {
      const row = await prisma.waitingRoom.findUniqueOrThrow({ where: { eventId } });
      const { generation, version, numbers, serving, people, chain, turns, terms, steppedMs } = row;
      const settings = settingsOf(row);
      const history = (turns as [number, number][]).flat();
      const termsBefore = (terms as [number, number, number][]).map((term) => term.join(':')).join(',');
      const isNew = await scripts<number>('openRoom', shardOf(eventId), [
        ...[eventId, generation, version, numbers, serving, people ?? '', chain, Number(steppedMs)],
        ...[settings.mode, settings.paused ? 1 : 0, settings.peoplePerMinute ?? 0, settings.peopleInside ?? 0],
        ...[Math.round(settings.etaLimitSeconds * 1000), settings.turnSeconds * 1000, settings.admissionSeconds * 1000],
        ...[settings.uses, settings.requireLogin ? 1 : 0, termsBefore, ...history],
      ]);
      if (isNew === 1) {
        const [known] = await prisma.$queryRaw<Mirrored[]>`
          UPDATE waiting_room SET numbers = GREATEST(numbers, ${numbers + HEADROOM}::int)
          WHERE event_id = ${eventId}::int AND generation = ${generation}::int
          RETURNING serving, numbers, people, chain`;
        if (known !== undefined) await this.serve({ eventId, generation }, known);
      }
      return generation;
    },

    /** How lines stand, by event; those that Redis does not know are left out. One call for each shard. */
    async read(eventIds: readonly number[]): Promise<Map<number, RoomState>> {
      const states = new Map<number, RoomState>();
      const byShard = groupBy(eventIds, shardOf);
      await Promise.all(
        [...byShard].map(async ([shard, some]) => {
          const sentMs = Date.now();
          const [nowMs, replies] = await scripts<[number, (string | null)[][]]>('readRooms', shard, some);
          const aheadMs = nowMs - Math.round((sentMs + Date.now()) / 2);
          for (const [i, reply] of replies.entries()) {
            const eventId = some[i];
            if (eventId !== undefined && reply.length > 0) states.set(eventId, { ...stateOf(reply), aheadMs });
          }
        }),
      );
      return states;
    },

    /**
     * Gives arrival numbers to visitors who join together.
     *
     * @param link what they add to the chain of a draw
     * @param spent the challenges that these visitors show: each gives one place
     * @returns the first of their numbers; how many came before the sale, or the chain before and after while the line is open for
     * the draw; `spent`, places in that list, where some gave a place before: then nobody has joined; `'later'` where a
     * worker has to do something first
     */
    async join(
      { eventId, generation }: Line,
      visitors: number,
      link: string,
      spent: readonly Spent[] = [],
    ): Promise<Joining | { spent: number[] } | 'later'> {
      type Given = [first: number, people: number | '', before?: string, after?: string];
      type Reply = Given | ['SPENT', ...number[]] | 'WAIT' | 'REBUILD';
      const args = [eventId, generation, visitors, link, ...spent.flatMap(({ minute, id }) => [minute, id])];
      const reply = await scripts<Reply>('joinRoom', shardOf(eventId), args);
      if (typeof reply === 'string') return 'later';
      if (reply[0] === 'SPENT') return { spent: reply.slice(1).map((number) => Number(number) - 1) };
      const [first, people, before = '', after = ''] = reply as Given;
      return people === '' ? { first, chain: { before, after } } : { first, people };
    },

    /** Lets a visitor in whose turn has come. Answers when the admission ends, or why there is none. */
    takeTurn({ eventId, generation }: Line, position: number, arrival: number) {
      type Reply = number | 'WAIT' | 'PASSED' | 'LEFT' | 'CLOSED' | 'REBUILD';
      return scripts<Reply>('takeTurn', shardOf(eventId), [eventId, generation, position, arrival]);
    },

    /** Notes that a visitor left. `position` is undefined before the draw. Answers whether the line was there. */
    async leave({ eventId, generation }: Line, arrival: number, position: number | undefined): Promise<boolean> {
      const args = [eventId, generation, arrival, position ?? 0];
      return (await scripts<number | 'REBUILD'>('leaveRoom', shardOf(eventId), args)) !== 'REBUILD';
    },

    /** Whether a visitor left before. */
    async hasLeft({ eventId, generation }: Line, arrival: number): Promise<boolean> {
      const stem = keysOf(shardOf(eventId)).roomLeftStem;
      const key = `${stem}${eventId}:${generation}:${Math.floor(arrival / CHUNK)}`;
      return (await redis.getbit(key, arrival % CHUNK)) === 1;
    },

    /**
     * Proposes a step of admitting; `'early'` before one is due, `'rebuild'` where Redis does not know the line as
     * PostgreSQL does, `'ahead'` where the last step in PostgreSQL lies ahead of Redis' clock: `dateBack` corrects it.
     */
    async advance(line: MirroredLine, totalSeats: number): Promise<Step | 'early' | 'rebuild' | 'ahead'> {
      type Stepped = [number, number, number, number, number, number | '', number, string, number];
      type Reply = Stepped | 'EARLY' | 'REBUILD' | 'AHEAD';
      const { eventId, generation, steppedMs } = line;
      const reply = await scripts<Reply>('advanceRoom', shardOf(eventId), [eventId, generation, totalSeats, steppedMs]);
      if (reply === 'EARLY') return 'early';
      if (reply === 'REBUILD') return 'rebuild';
      if (reply === 'AHEAD') return 'ahead';
      const [nowMs, serving, proposed, joined, numbers, people, drawn, chain, windowMs] = reply;
      return {
        ...{ nowMs, serving, proposed, joined, numbers, chain, windowMs },
        people: people === '' ? undefined : people,
        drawn: drawn === 1,
      };
    },

    /**
     * Dates a line's steps in PostgreSQL back to now where they lie ahead of Redis' clock: another Redis has taken
     * over, with a slower clock. Otherwise the line would stop until that clock caught up.
     */
    async dateBack({ eventId, generation }: Line): Promise<void> {
      const nowMs = await redisClockMs(redis);
      await prisma.$executeRaw`
        UPDATE waiting_room SET
          stepped_ms = ${nowMs}::bigint,
          turns = COALESCE(
            (
              SELECT jsonb_agg(turn) FROM jsonb_array_elements(turns) AS turn
              WHERE (turn ->> 0)::bigint <= ${nowMs}::bigint
            ), '[]')
            || CASE
              WHEN (turns -> -1 ->> 0)::bigint > ${nowMs}::bigint
              THEN jsonb_build_array(jsonb_build_array(${nowMs}::bigint, (turns -> -1 ->> 1)::int))
              ELSE '[]'
            END
        WHERE event_id = ${eventId}::int AND generation = ${generation}::int
          AND stepped_ms > ${nowMs + MAX_AHEAD_MS}::bigint`;
    },

    /**
     * Deletes the times of turns that still run, where the event's sale lies ahead: they begin anew with it. Redis does
     * the same by itself; this is for a wipe of it.
     */
    async takeTurnsBack(eventId: number): Promise<void> {
      await prisma.$executeRaw`
        UPDATE waiting_room SET turns = COALESCE(
          (
            SELECT jsonb_build_array(turn) FROM jsonb_array_elements(turns) AS turn
            WHERE (turn ->> 0)::bigint
              < extract(epoch FROM now()) * 1000 - 1000 * GREATEST(60, turn_seconds + admission_seconds)
            ORDER BY (turn ->> 0)::bigint DESC LIMIT 1
          ), '[]')
        WHERE event_id = ${eventId}::int
          AND EXISTS (SELECT 1 FROM event WHERE id = event_id AND on_sale_at > now())`;
    },

    /**
     * Writes to PostgreSQL what Redis is about to do, and who was drawn: the first who writes that decides it.
     *
     * @returns what PostgreSQL knows now; undefined where the line has ended
     */
    async mirror({ eventId, generation }: Line, step: Step, numbers: number): Promise<Mirrored | undefined> {
      const { nowMs, proposed, chain, people = null, windowMs } = step;
      const [row] = await prisma.$queryRaw<Mirrored[]>`
        UPDATE waiting_room SET
          numbers = GREATEST(numbers, ${numbers}::int),
          serving = GREATEST(serving, ${proposed}::int),
          stepped_ms = GREATEST(stepped_ms, ${nowMs}::bigint),
          chain = CASE WHEN people IS NULL THEN ${chain} ELSE chain END,
          people = COALESCE(people, ${people}::int),
          turns = CASE
            WHEN COALESCE((turns -> -1 ->> 1)::int, 0) = ${proposed}::int
              OR COALESCE((turns -> -1 ->> 0)::bigint, 0) > ${nowMs - MIRRORED_TURNS_MS}::bigint
            THEN turns
            ELSE (
              SELECT COALESCE(jsonb_agg(turn), '[]') FROM jsonb_array_elements(turns) AS turn
              WHERE (turn ->> 0)::bigint > ${nowMs - windowMs - 2 * MIRRORED_TURNS_MS}::bigint
            ) || jsonb_build_array(jsonb_build_array(${nowMs}::bigint, ${proposed}::int))
          END
        WHERE event_id = ${eventId}::int AND generation = ${generation}::int
        RETURNING serving, numbers, people, chain`;
      return row;
    },

    /** Does in Redis what PostgreSQL knows of. */
    serve: (
      { eventId, generation }: Line,
      { serving, numbers, people, chain }: Mirrored,
    ): Promise<number | 'REBUILD'> =>
      scripts('serveRoom', shardOf(eventId), [eventId, generation, serving, numbers, people ?? '', chain]),

    /** The arrival numbers of users, where an event gives each of them one place. */
    async placesOf({ eventId, generation }: Line, userIds: readonly number[]): Promise<Map<number, number>> {
      const where = { eventId, generation, userId: { in: [...userIds] } };
      return new Map((await prisma.waitingPlace.findMany({ where })).map(({ userId, arrival }) => [userId, arrival]));
    },

    /**
     * Gives users their places: the first that a user gets stays, unless it is the one that the user gave up (`instead`).
     *
     * @returns the arrival number that each user has now
     */
    async keepPlaces(
      line: Line,
      places: readonly { userId: number; arrival: number; instead: number | undefined }[],
    ): Promise<Map<number, number>> {
      const sorted = [...places].sort((a, b) => a.userId - b.userId);
      const [users, arrivals] = [sorted.map(({ userId }) => userId), sorted.map(({ arrival }) => arrival)];
      const { eventId, generation } = line;
      await prisma.$executeRaw`
        UPDATE waiting_place SET arrival = asked.arrival
        FROM unnest(${users}::int[], ${arrivals}::int[], ${sorted.map(({ instead }) => instead ?? 0)}::int[])
          AS asked (user_id, arrival, instead)
        WHERE waiting_place.event_id = ${eventId}::int AND waiting_place.user_id = asked.user_id
          AND waiting_place.generation = ${generation}::int AND waiting_place.arrival = asked.instead`;
      await prisma.$executeRaw`
        INSERT INTO waiting_place (event_id, user_id, generation, arrival)
        SELECT ${eventId}::int, user_id, ${generation}::int, arrival
        FROM unnest(${users}::int[], ${arrivals}::int[]) AS asked (user_id, arrival)
        ON CONFLICT (event_id, user_id) DO UPDATE SET generation = EXCLUDED.generation, arrival = EXCLUDED.arrival
        WHERE waiting_place.generation < EXCLUDED.generation`;
      return this.placesOf(line, users);
    },
  };
}

export type RoomStore = ReturnType<typeof createRoomStore>;

const modes = { off: 'OFF', on: 'ON', auto: 'AUTO' } as const;

const challengeOf = ({ challenge, challengeBits }: Pick<Prisma.WaitingRoomModel, 'challenge' | 'challengeBits'>) => ({
  challenge: challenge as RoomSettings['challenge'],
  challengeBits: challengeBits ?? ('auto' as const),
});

function settingsOf(row: Prisma.WaitingRoomModel): RoomSettings {
  const { paused, peoplePerMinute, peopleInside, etaLimitSeconds, turnSeconds, admissionSeconds, uses, requireLogin } =
    row;
  return {
    mode: row.mode.toLowerCase() as RoomSettings['mode'],
    ...{ paused, peoplePerMinute, peopleInside, etaLimitSeconds, turnSeconds, admissionSeconds, uses, requireLogin },
    ...challengeOf(row),
  };
}

/** A room as readRooms.lua answers it. What no step has measured yet is 0. */
function stateOf(fields: readonly (string | null)[]): RoomState {
  const [generation, on, paused, joined, serving, people, drawn, chain, rate, used, ...more] = fields;
  const [growth, top, speed, eta, inside, offered, free, sold, seatsEach, spare, turnMs, uses, login, came, ...last] =
    more;
  const [limit, seatsMost, admissionMs, onSaleMs, holdMs, timeZone] = last;
  return {
    generation: Number(generation),
    on: on === '1',
    paused: paused === '1',
    joined: Number(joined),
    serving: Number(serving),
    people: people === '' ? undefined : Number(people),
    drawn: drawn === '1',
    chain: chain ?? '',
    rate: Number(rate ?? 0),
    used: used === '1',
    growth: Number(growth ?? 0),
    top: Number(top ?? 0),
    speed: Number(speed ?? 0),
    etaSeconds: Number(eta ?? 0),
    inside: Number(inside ?? 0),
    offered: Number(offered ?? 0),
    seatsFree: Math.max(0, Number(free ?? 0)),
    sold: sold === '1',
    seatsEach: Number(seatsEach ?? 1),
    seatsSpare: Number(spare ?? 0),
    turnMs: Number(turnMs),
    uses: Number(uses),
    login: login === '1',
    admitted: Number(came ?? 0),
    limit: Number(limit ?? 0),
    seatsMost: Number(seatsMost ?? 1),
    admissionMs: Number(admissionMs),
    onSaleMs: Number(onSaleMs ?? 0),
    holdMs: Number(holdMs ?? 0),
    timeZone: timeZone ?? 'UTC', // a house that a version before opened
  };
}
