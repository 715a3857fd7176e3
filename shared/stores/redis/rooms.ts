import type { Redis } from 'ioredis';
import { z } from 'zod';
import { type AdmissionStep, LATE, type RoomMeasurement } from '../../domain/admission-rate.ts';
import { groupBy } from '../../domain/group-by.ts';
import { LINE_CHUNK, type Line } from '../../domain/line.ts';
import { shardOfEvent } from '../../domain/ticket-id.ts';
import type { MirroredLine, RoomRecord, ServedLine } from '../postgres/rooms.ts';
import { keysOf } from './keys.ts';
import { fieldsOf, measureAnswer, measurementOf, type RoomState, roomsAnswer, stateOf } from './room-hash.ts';
import type { ScriptName, Scripts } from './scripts.ts';

/** A challenge that is shown for a place: the minute since 1970 in which it expires, and its id in the line. */
export type ShownChallenge = { minute: number; id: string };

/** The first arrival number of a batch; then the drawn visitors, or the chain while the line is open for the draw. */
export type Joining = {
  first: number;
  people?: number | undefined;
  chain?: { before: string; after: string } | undefined;
};

/**
 * Why a turn cannot be taken. WAIT: it has not begun. CLOSED: the sale is postponed. REBUILD: Redis has no such line.
 */
const turnRefusal = z.enum(['WAIT', 'PASSED', 'LEFT', 'CLOSED', 'REBUILD']);
export type TurnRefusal = z.infer<typeof turnRefusal>;

/** A measured line, and the version of the room that a step of it must find unchanged. */
export type MeasuredLine = {
  measurement: RoomMeasurement;
  measured: { stepMs: number; version: number };
  windowMs: number;
  numbers: number;
  people: number | undefined;
  chain: string;
};

const noLine = z.object({ refused: z.literal('REBUILD') });
const joinAnswer = z.union([
  z.object({ spent: z.array(z.number()) }),
  z.object({
    first: z.number(),
    people: z.number().optional(),
    chain: z.object({ before: z.string(), after: z.string() }).optional(),
  }),
  z.object({ refused: z.enum(['WAIT', 'REBUILD']) }),
]);
const measureRefusal = z.object({ refused: z.enum(['EARLY', 'AHEAD', 'REBUILD']) });

/** Flags and limits as the hash holds them. */
const settingsFields = ({ settings }: RoomRecord) => ({
  mode: settings.mode,
  paused: Number(settings.paused),
  perMinute: settings.peoplePerMinute ?? 0,
  insideLimit: settings.peopleInside ?? 0,
  etaLimitMs: Math.round(settings.etaLimitSeconds * 1000),
  turnMs: settings.turnSeconds * 1000,
  admissionMs: settings.admissionSeconds * 1000,
  uses: settings.uses,
  login: Number(settings.requireLogin),
});

/** The lines of waiting rooms in Redis, where they move. Each script takes and answers one JSON text. */
export function createRoomLines({ redis, scripts, shards }: { redis: Redis; scripts: Scripts; shards: number }) {
  const shardOf = (eventId: number) => shardOfEvent(eventId, shards);

  async function run<Answer>(
    name: ScriptName,
    shard: number,
    request: Record<string, unknown>,
    answer: z.ZodType<Answer>,
  ): Promise<Answer> {
    return answer.parse(JSON.parse(await scripts<string>(name, shard, [JSON.stringify(request)])));
  }

  const runOnLine = <Answer>(
    name: ScriptName,
    { eventId, generation }: Line,
    request: Record<string, unknown>,
    answer: z.ZodType<Answer>,
  ) => run(name, shardOf(eventId), { event: eventId, generation, ...request }, answer);

  return {
    /** Writes a room as PostgreSQL has it. Returns whether its line was missing or older. */
    async open(record: RoomRecord): Promise<boolean> {
      const { version, numbers, serving, people, chain, steppedMs, terms, turns } = record;
      const request = {
        ...{ version, numbers, serving, people, chain, steppedMs, history: turns },
        terms: terms.map((term) => term.join(':')).join(','),
        settings: settingsFields(record),
      };
      return (await runOnLine('openRoom', record, request, z.object({ isNew: z.boolean() }))).isNew;
    },

    /** The states of lines by event, without those that Redis does not know. One call for each shard. */
    async read(eventIds: readonly number[]): Promise<Map<number, RoomState>> {
      const states = new Map<number, RoomState>();
      const byShard = groupBy(eventIds, shardOf);
      await Promise.all(
        [...byShard].map(async ([shard, events]) => {
          const sentMs = Date.now();
          const { nowMs, rooms } = await run('readRooms', shard, { events }, roomsAnswer);
          const aheadMs = nowMs - Math.round((sentMs + Date.now()) / 2);
          for (const read of rooms) states.set(read.event, stateOf(read, aheadMs));
        }),
      );
      return states;
    },

    /**
     * Gives arrival numbers to visitors who join together.
     *
     * @param link their part of the chain of a draw
     * @param challenges those that the visitors show: each gives one place
     * @returns the first number; or `spent`, the indices of challenges that gave a place before: then nobody has
     *   joined; or `'later'` where a worker must write more numbers to PostgreSQL, or restore the line, first
     */
    async join(
      line: Line,
      visitors: number,
      link: string,
      challenges: readonly ShownChallenge[] = [],
    ): Promise<Joining | { spent: number[] } | 'later'> {
      const shown = challenges.map(({ minute, id }) => [minute, id]);
      const answer = await runOnLine('joinRoom', line, { visitors, link, challenges: shown }, joinAnswer);
      return 'refused' in answer ? 'later' : answer;
    },

    /** Admits a visitor whose turn has begun. Returns the end of the admission in Redis' time, or why there is none. */
    async takeTurn(line: Line, position: number, arrival: number): Promise<number | TurnRefusal> {
      const schema = z.union([z.object({ untilMs: z.number() }), z.object({ refused: turnRefusal })]);
      const answer = await runOnLine('takeTurn', line, { position, arrival }, schema);
      return 'refused' in answer ? answer.refused : answer.untilMs;
    },

    /** Notes that a visitor left. `position` is undefined before the draw. Returns whether Redis has the line. */
    async leave(line: Line, arrival: number, position: number | undefined): Promise<boolean> {
      const schema = z.union([noLine, z.object({ isNew: z.boolean() })]);
      return !('refused' in (await runOnLine('leaveRoom', line, { arrival, position }, schema)));
    },

    /** Whether a visitor left before. */
    async hasLeft({ eventId, generation }: Line, arrival: number): Promise<boolean> {
      const stem = keysOf(shardOf(eventId)).roomLeftStem;
      const key = `${stem}${eventId}:${generation}:${Math.floor(arrival / LINE_CHUNK)}`;
      return (await redis.getbit(key, arrival % LINE_CHUNK)) === 1;
    },

    /**
     * Reads what the next step of a line depends on.
     *
     * @returns `'EARLY'` before a step is due; `'AHEAD'` where the last step in PostgreSQL lies ahead of Redis' clock;
     *   `'REBUILD'` where Redis does not know the line as PostgreSQL does
     */
    async measure(line: MirroredLine, seats: number): Promise<MeasuredLine | 'EARLY' | 'AHEAD' | 'REBUILD'> {
      const request = { steppedMs: line.steppedMs, lateShare: LATE.shareOfTurn, lateMs: LATE.ms };
      const answer = await runOnLine('measureRoom', line, request, z.union([measureRefusal, measureAnswer]));
      if ('refused' in answer) return answer.refused;
      const { stepMs, version, numbers, people, chain } = answer.room;
      const measurement = measurementOf(answer, seats);
      return { measurement, measured: { stepMs, version }, windowMs: answer.windowMs, numbers, people, chain };
    },

    /**
     * Writes a step that was computed from a measurement.
     *
     * @returns false, and nothing is written, where another worker has stepped or the settings changed since
     */
    async step(line: Line, { measured, measurement }: MeasuredLine, step: AdmissionStep): Promise<boolean> {
      const request = { measured, fields: fieldsOf(step, measurement.nowMs) };
      const schema = z.union([noLine, z.object({ isWritten: z.boolean() })]);
      const answer = await runOnLine('stepRoom', line, request, schema);
      return 'isWritten' in answer && answer.isWritten;
    },

    /** Calls the positions, and allows the arrival numbers, that PostgreSQL knows. */
    async serve(line: Line, { serving, numbers, people, chain }: ServedLine): Promise<number | 'REBUILD'> {
      const request = { serving, numbers, people: people ?? undefined, chain };
      const schema = z.union([noLine, z.object({ serving: z.number() })]);
      const answer = await runOnLine('serveRoom', line, request, schema);
      return 'refused' in answer ? answer.refused : answer.serving;
    },
  };
}
