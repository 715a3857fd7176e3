import { randomBytes } from 'node:crypto';
import { MAX_ROOMS } from '../../contract/limits.ts';
import type { Look } from '../../contract/look.ts';
import type { RoomChange, RoomSettings } from '../../contract/waiting-room.ts';
import { EMPTY_CHAIN } from '../../domain/draw.ts';
import {
  type Line,
  MAX_NOTED_AHEAD_MS,
  MAX_TERMS,
  type MirroredLine,
  type RoomRecord,
  type ServedLine,
} from '../../domain/line.ts';
import { logoProblem, type RoomLook } from '../../domain/look.ts';
import { changesAdmitting, problemWithoutSeats, RoomProblem } from '../../domain/room-problem.ts';
import { sharedNowMs } from '../../platform/clock.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { noteChange } from './changes.ts';
import type { Database } from './event-rows.ts';

/** Milliseconds between two entries of the history that PostgreSQL stores. */
const MIRRORED_TURNS_MS = 5_000;

type ActiveLine = MirroredLine & Pick<RoomSettings, 'challenge' | 'challengeBits' | 'sites'>;

/** A waiting room in PostgreSQL. The seed is a secret until the draw; `people` is set once the order is drawn. */
export type Room = Line & {
  settings: RoomSettings;
  secret: Buffer;
  seed: string;
  chain: string;
  people: number | undefined;
};

/**
 * One step of admissions. PostgreSQL has to record it before Redis calls anybody. The next is due `nextMs` later.
 * `isHouseOpen`: Redis has the event's house, without which nobody is called.
 */
export type Step = {
  nowMs: number;
  serving: number;
  proposed: number;
  joined: number;
  numbers: number;
  people: number | undefined;
  drawn: boolean;
  chain: string;
  nextMs: number;
  windowMs: number;
  isHouseOpen: boolean;
};

/** A place that a user gets. `replaces`: the arrival number of the user's place that has ended. */
export type UserPlace = { userId: number; arrival: number; replaces: number | undefined };

const freshDraw = () => ({ secret: randomBytes(32), seed: randomBytes(32).toString('hex'), chain: EMPTY_CHAIN });

/** Waiting rooms in PostgreSQL: settings, and what a wipe of Redis must not undo. */
export function createRoomRecords(prisma: PrismaClient) {
  return {
    find: (eventId: number) => findRoom(prisma, eventId),
    read: (eventId: number) => readRecord(prisma, eventId),
    look: (eventId: number) => readLook(prisma, eventId),
    active: () => readActiveLines(prisma),
    change: (eventId: number, change: RoomChange, database: Database = prisma) => changeRoom(database, eventId, change),
    end: endLine,
    allowNumbers: (line: Line, numbers: number) => allowNumbers(prisma, line, numbers),
    dateBack: (line: Line, nowMs: number) => dateBack(prisma, line, nowMs),
    deleteRunningTurns: (eventId: number) => deleteRunningTurns(prisma, eventId),
    mirror: (line: Line, step: Step, numbers: number) => mirrorStep(prisma, line, step, numbers),
    placesOf: (line: Line, userIds: readonly number[]) => readPlaces(prisma, line, userIds),
    savePlaces: (line: Line, places: readonly UserPlace[]) => savePlaces(prisma, line, places),
  };
}

async function findRoom(prisma: PrismaClient, eventId: number): Promise<Room | undefined> {
  const row = await prisma.waitingRoom.findUnique({ where: { eventId } });
  if (row === null) return undefined;
  const { generation, secret, seed, chain, people } = row;
  return {
    eventId,
    generation,
    settings: settingsOf(row),
    secret: Buffer.from(secret),
    seed,
    chain,
    people: people ?? undefined,
  };
}

async function readRecord(prisma: PrismaClient, eventId: number): Promise<RoomRecord> {
  const row = await prisma.waitingRoom.findUniqueOrThrow({ where: { eventId } });
  return {
    eventId,
    generation: row.generation,
    settings: settingsOf(row),
    version: row.version,
    numbers: row.numbers,
    serving: row.serving,
    people: row.people ?? undefined,
    chain: row.chain,
    steppedMs: Number(row.steppedMs),
    turns: row.turns as RoomRecord['turns'],
    terms: row.terms as RoomRecord['terms'],
  };
}

/** The look of an event's waiting page, with the sites that its logo may lie on; undefined where there is no room. */
async function readLook(database: Database, eventId: number): Promise<RoomLook | undefined> {
  const row = await database.waitingRoom.findUnique({ where: { eventId }, select: { look: true, sites: true } });
  return row === null ? undefined : { look: row.look as Look | null, sites: row.sites };
}

/** The lines of all rooms that are not off, of events that have not ended. */
async function readActiveLines(prisma: PrismaClient): Promise<ActiveLine[]> {
  const rows = await prisma.waitingRoom.findMany({
    where: {
      mode: { not: 'OFF' },
      event: { cancelledAt: null, closedAt: null, OR: [{ endsAt: null }, { endsAt: { gt: new Date(sharedNowMs()) } }] },
    },
    select: { eventId: true, generation: true, steppedMs: true, challenge: true, challengeBits: true, sites: true },
    orderBy: { eventId: 'asc' },
    take: MAX_ROOMS,
  });
  return rows.map((row) => ({ ...row, ...challengeOf(row), steppedMs: Number(row.steppedMs) }));
}

/**
 * Changes an event's room, and creates one where there is none. New lengths of turns and admissions hold for visitors
 * called from then on: `terms` holds the lengths promised to visitors called earlier.
 *
 * @returns the old values of the changed settings
 * @throws RoomProblem where an event without seats cannot have such a room, or the logo does not lie on a site
 */
async function changeRoom(database: Database, eventId: number, change: RoomChange): Promise<RoomChange> {
  const { turnSeconds = null, admissionSeconds = null } = change;
  await database.waitingRoom.createMany({ data: { eventId, ...freshDraw() }, skipDuplicates: true });
  await database.$executeRaw`SELECT event_id FROM waiting_room WHERE event_id = ${eventId}::int FOR NO KEY UPDATE`;
  const row = await database.waitingRoom.findUniqueOrThrow({ where: { eventId } });
  const old = settingsOf(row);
  const problem = logoProblem({ look: row.look as Look | null, sites: row.sites }, change);
  if (problem !== undefined) throw new RoomProblem(problem);
  await database.$executeRaw`
    UPDATE waiting_room SET terms =
      CASE WHEN jsonb_array_length(terms) >= ${MAX_TERMS}::int THEN terms - 0 ELSE terms END
      || jsonb_build_array(jsonb_build_array(serving, turn_seconds * 1000, admission_seconds * 1000))
    WHERE event_id = ${eventId}::int AND serving > COALESCE((terms -> -1 ->> 0)::int, 0)
      AND (turn_seconds <> ${turnSeconds}::int OR admission_seconds <> ${admissionSeconds}::int)`;
  const changed = await database.waitingRoom.update({
    where: { eventId },
    data: { ...columnsOf(change), version: { increment: 1 } },
  });
  if (changesAdmitting(change)) await requirePossible(eventId, settingsOf(changed), database);
  await noteRoom(eventId, old, settingsOf(changed), database);
  const values = Object.entries({ ...old, look: row.look });
  return Object.fromEntries(values.filter(([name]) => Object.hasOwn(change, name)));
}

/** The columns of a change. */
function columnsOf({ mode, challengeBits, look, ...settings }: RoomChange): Prisma.WaitingRoomUncheckedUpdateInput {
  const bits = challengeBits === 'auto' ? null : challengeBits;
  const columns = {
    ...settings,
    challengeBits: bits,
    mode: mode && MODES[mode],
    look: look === null ? Prisma.DbNull : look,
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

/** @throws RoomProblem */
async function requirePossible(eventId: number, settings: RoomSettings, database: Database): Promise<void> {
  const problem = problemWithoutSeats(settings);
  if (problem === undefined) return;
  const zone = await database.zone.findFirst({ where: { eventId }, select: { number: true } });
  if (zone === null) throw new RoomProblem(problem);
}

/** Notes in the feed that a room was opened, paused or closed. Other changes of its settings are the audit trail's. */
async function noteRoom(eventId: number, before: RoomSettings, room: RoomSettings, database: Database): Promise<void> {
  const [was, is] = [roomStateOf(before), roomStateOf(room)];
  if (was !== is) await noteChange(database, `room.${is}`, eventId, { room });
}

function roomStateOf({ mode, paused }: RoomSettings): 'opened' | 'paused' | 'closed' {
  if (mode === 'off') return 'closed';
  return paused ? 'paused' : 'opened';
}

/** Ends an event's line and all its tokens: the next line has another seed. */
async function endLine(eventId: number, transaction: Prisma.TransactionClient): Promise<void> {
  const line = { numbers: 0, serving: 0, steppedMs: 0, people: null, turns: [], terms: [], ...freshDraw() };
  const versions = { generation: { increment: 1 }, version: { increment: 1 } };
  await transaction.waitingRoom.updateMany({ where: { eventId }, data: { ...line, ...versions } });
  await transaction.waitingPlace.deleteMany({ where: { eventId } });
}

/** Allows arrival numbers up to this one. Undefined where the line has ended. */
async function allowNumbers(
  prisma: PrismaClient,
  { eventId, generation }: Line,
  numbers: number,
): Promise<ServedLine | undefined> {
  const [row] = await prisma.$queryRaw<ServedLine[]>`
    UPDATE waiting_room SET numbers = GREATEST(numbers, ${numbers}::int)
    WHERE event_id = ${eventId}::int AND generation = ${generation}::int
    RETURNING serving, numbers, people, chain`;
  return row;
}

/** Dates steps that lie ahead of this time of Redis back to it. */
async function dateBack(prisma: PrismaClient, { eventId, generation }: Line, nowMs: number): Promise<void> {
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
      AND stepped_ms > ${nowMs + MAX_NOTED_AHEAD_MS}::bigint`;
}

/**
 * Deletes the times of running turns where the event's sale lies ahead: they restart with the sale. Redis does the same
 * by itself; this copy is for a wipe of Redis.
 */
async function deleteRunningTurns(prisma: PrismaClient, eventId: number): Promise<void> {
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
}

/**
 * Records a step that Redis is about to take. The first worker that writes `people` decides which visitors are drawn.
 *
 * @returns the recorded state; undefined where the line has ended
 */
async function mirrorStep(
  prisma: PrismaClient,
  { eventId, generation }: Line,
  step: Step,
  numbers: number,
): Promise<ServedLine | undefined> {
  const { nowMs, proposed, chain, people = null, windowMs } = step;
  const [row] = await prisma.$queryRaw<ServedLine[]>`
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
}

/** The arrival numbers of users, where an event gives each user one place. */
async function readPlaces(
  prisma: PrismaClient,
  { eventId, generation }: Line,
  userIds: readonly number[],
): Promise<Map<number, number>> {
  const where = { eventId, generation, userId: { in: [...userIds] } };
  const places = await prisma.waitingPlace.findMany({ where });
  return new Map(places.map(({ userId, arrival }) => [userId, arrival]));
}

/**
 * Saves the places of users. The first place of a user stays, unless the new one replaces it.
 *
 * @returns the arrival number of each user
 */
async function savePlaces(
  prisma: PrismaClient,
  line: Line,
  places: readonly UserPlace[],
): Promise<Map<number, number>> {
  const sorted = [...places].sort((a, b) => a.userId - b.userId);
  const users = sorted.map(({ userId }) => userId);
  const arrivals = sorted.map(({ arrival }) => arrival);
  const replaced = sorted.map(({ replaces }) => replaces ?? 0);
  const { eventId, generation } = line;
  await prisma.$executeRaw`
    UPDATE waiting_place SET arrival = wanted.arrival
    FROM unnest(${users}::int[], ${arrivals}::int[], ${replaced}::int[]) AS wanted (user_id, arrival, replaces)
    WHERE waiting_place.event_id = ${eventId}::int AND waiting_place.user_id = wanted.user_id
      AND waiting_place.generation = ${generation}::int AND waiting_place.arrival = wanted.replaces`;
  await prisma.$executeRaw`
    INSERT INTO waiting_place (event_id, user_id, generation, arrival)
    SELECT ${eventId}::int, user_id, ${generation}::int, arrival
    FROM unnest(${users}::int[], ${arrivals}::int[]) AS wanted (user_id, arrival)
    ON CONFLICT (event_id, user_id) DO UPDATE SET generation = EXCLUDED.generation, arrival = EXCLUDED.arrival
    WHERE waiting_place.generation < EXCLUDED.generation`;
  return readPlaces(prisma, line, users);
}

const MODES = { off: 'OFF', on: 'ON', auto: 'AUTO' } as const;

const challengeOf = ({ challenge, challengeBits }: Pick<Prisma.WaitingRoomModel, 'challenge' | 'challengeBits'>) => ({
  challenge: challenge as RoomSettings['challenge'],
  challengeBits: challengeBits ?? ('auto' as const),
});

function settingsOf(row: Prisma.WaitingRoomModel): RoomSettings {
  return {
    mode: row.mode.toLowerCase() as RoomSettings['mode'],
    paused: row.paused,
    peoplePerMinute: row.peoplePerMinute,
    peopleInside: row.peopleInside,
    etaLimitSeconds: row.etaLimitSeconds,
    turnSeconds: row.turnSeconds,
    admissionSeconds: row.admissionSeconds,
    uses: row.uses,
    requireLogin: row.requireLogin,
    ...challengeOf(row),
    sites: row.sites,
  };
}
