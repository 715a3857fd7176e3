import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Idempotency } from '../../contract/jobs.ts';
import { groupBy } from '../../domain/group-by.ts';
import { LINE_CHUNK, type Line, type MirroredLine, type RoomRecord, type ServedLine } from '../../domain/line.ts';
import { type AdmissionStep, LATE, type RoomMeasurement } from '../../domain/room-step.ts';
import { shardOfEvent } from '../../domain/ticket-id.ts';
import { isUnavailable } from '../../platform/faults.ts';
import type { RedisShards } from '../../platform/redis.ts';
import { onMessage, subscribeEverywhere } from './channels.ts';
import { IDEMPOTENCY_TTL_SECONDS } from './idempotency-keys.ts';
import { keysOf } from './keys.ts';
import type { ReplicatedWrites } from './replicas.ts';
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
  /** Milliseconds between two steps. */
  nextMs: number;
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
const turnAnswer = z.union([z.object({ untilMs: z.number() }), z.object({ refused: turnRefusal })]);
const doneAnswer = z.union([
  z.object({ done: z.number(), inside: z.number() }),
  z.object({ refused: z.enum(['MISMATCH', 'REBUILD']) }),
]);
const leaveAnswer = z.union([noLine, z.object({ isNew: z.boolean() })]);
const stepAnswer = z.union([noLine, z.object({ isWritten: z.boolean() })]);
const serveAnswer = z.union([noLine, z.object({ serving: z.number() })]);
const measureRefusal = z.union([
  z.object({ refused: z.literal('EARLY'), forMs: z.number() }),
  z.object({ refused: z.enum(['AHEAD', 'REBUILD']) }),
]);

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

/** Rooms that one call reads: its share of a millisecond is all that other commands wait for. */
const ROOMS_A_READ = 50;

/** The lines of waiting rooms in Redis, where they move. Each script takes and answers one JSON text. */
export function createRoomLines(deps: {
  redis: RedisShards;
  scripts: Scripts;
  replicated: ReplicatedWrites;
  shards: number;
}) {
  const { redis, scripts, replicated, shards } = deps;
  const run = createRunner(scripts, shards);
  const runReplicated = createRunner(replicated.scripts, shards);
  /** The name under which this process steps lines. */
  const stepper = randomBytes(6).toString('hex');
  /** By shard, as they were read last. */
  const releases: (string | null)[] = [];
  return {
    open: (record: RoomRecord) => openRoom(run, record),
    read: (eventIds: readonly number[]) => readStates(run, eventIds),
    follow: (subscriber: RedisShards, receive: ReceiveState) => followStates(subscriber, shards, receive),
    /** @throws NotReplicated: a master that takes over could give the same numbers again */
    async join(line: Line, visitors: number, link: string, challenges: readonly ShownChallenge[] = []) {
      const confirm = replicated.begin(run.shardOf(line.eventId));
      const joining = await joinLine(runReplicated, line, visitors, link, challenges);
      await confirm();
      return joining;
    },
    takeTurn: (line: Line, position: number, arrival: number) => takeTurn(run, line, position, arrival),
    leave: (line: Line, arrival: number, position: number | undefined) => leaveLine(run, line, arrival, position),
    reportDone: (eventId: number, count: number, key: Idempotency | undefined) => reportDone(run, eventId, count, key),
    hasLeft: (line: Line, arrival: number) => hasLeft(redis, run.shardOf(line.eventId), line, arrival),
    activity: (line: Line) => readActivity(redis, run.shardOf(line.eventId), line),
    measure: (line: MirroredLine, seats: number) => measureLine(run, stepper, line, seats),
    step: (line: Line, measured: MeasuredLine, step: AdmissionStep) => writeStep(run, stepper, line, measured, step),
    serve: (line: Line, served: ServedLine) => serveLine(run, line, served),

    /** Leaves those of these lines that this process stepped last to other workers. */
    release: (eventIds: readonly number[]) => releaseLines(run, stepper, eventIds),

    /** A text that differs once a worker has released lines. */
    async releases(): Promise<string> {
      const reads = Array.from({ length: shards }, async (_, shard) => {
        releases[shard] = await redis.of(shard).get(keysOf(shard).roomReleases);
      });
      const faults = (await Promise.allSettled(reads)).flatMap((read) =>
        read.status === 'rejected' ? [read.reason] : [],
      );
      if (faults.length === shards) throw faults[0]; // that of a shard alone changes nothing for the others
      return releases.join();
    },
  };
}

/** Runs a script with a JSON text, and parses its answer. */
function createRunner(scripts: Scripts, shards: number) {
  const shardOf = (eventId: number) => shardOfEvent(eventId, shards);

  async function inShard<Answer>(
    name: ScriptName,
    shard: number,
    request: Record<string, unknown>,
    answer: z.ZodType<Answer>,
  ): Promise<Answer> {
    return answer.parse(JSON.parse(await scripts<string>(name, shard, [JSON.stringify(request)])));
  }

  const onLine = <Answer>(
    name: ScriptName,
    { eventId, generation }: Line,
    request: Record<string, unknown>,
    answer: z.ZodType<Answer>,
  ) => inShard(name, shardOf(eventId), { event: eventId, generation, ...request }, answer);

  return { shardOf, inShard, onLine };
}

type Runner = ReturnType<typeof createRunner>;

/** Writes a room as PostgreSQL has it. Returns whether its line was missing or older. */
async function openRoom(run: Runner, record: RoomRecord): Promise<boolean> {
  const { version, numbers, serving, people, chain, steppedMs, terms, turns } = record;
  const request = {
    version,
    numbers,
    serving,
    people,
    chain,
    steppedMs,
    history: turns,
    terms: terms.map((term) => term.join(':')).join(','),
    settings: settingsFields(record),
  };
  return (await run.onLine('openRoom', record, request, z.object({ isNew: z.boolean() }))).isNew;
}

/**
 * The states of lines by event, without those that Redis does not know, or whose shard cannot be read. Each call reads
 * `ROOMS_A_READ` of a shard.
 *
 * @throws the fault of a shard where no shard can be read
 */
async function readStates(run: Runner, eventIds: readonly number[]): Promise<Map<number, RoomState>> {
  const states = new Map<number, RoomState>();
  const readShard = async ([shard, ofShard]: [number, number[]]) => {
    for (let from = 0; from < ofShard.length; from += ROOMS_A_READ) {
      const events = ofShard.slice(from, from + ROOMS_A_READ);
      const sentMs = Date.now();
      const { nowMs, rooms } = await run.inShard('readRooms', shard, { events }, roomsAnswer);
      const aheadMs = nowMs - Math.round((sentMs + Date.now()) / 2);
      for (const read of rooms) states.set(read.event, stateOf(read, { asOfMs: nowMs, aheadMs }));
    }
  };
  const reads = await Promise.allSettled([...groupBy(eventIds, run.shardOf)].map(readShard));
  const failed = reads.filter((read) => read.status === 'rejected');
  for (const { reason } of failed) if (failed.length === reads.length || !isUnavailable(reason)) throw reason;
  return states;
}

/** Called with each published state of a line, or with the fault of a message that cannot be read. */
type ReceiveState = (published: { eventId: number; state: RoomState } | Error) => void;

/** Subscribes to the states that the steps of lines and changes of rooms publish. */
async function followStates(subscriber: RedisShards, shards: number, receive: ReceiveState): Promise<void> {
  const channels = Array.from({ length: shards }, (_, shard) => keysOf(shard).rooms);
  onMessage(subscriber, (channel, message) => {
    if (!channels.includes(channel)) return; // other subscriptions share this connection
    try {
      const { nowMs, rooms } = roomsAnswer.parse(JSON.parse(message));
      const clock = { asOfMs: nowMs, aheadMs: nowMs - Date.now() };
      for (const read of rooms) receive({ eventId: read.event, state: stateOf(read, clock) });
    } catch (fault) {
      receive(fault as Error);
    }
  });
  await subscribeEverywhere(subscriber, channels);
}

/**
 * Gives arrival numbers to visitors who join together.
 *
 * @param link their part of the chain of a draw
 * @param challenges those that the visitors show: each gives one place
 * @returns the first number; or `spent`, the indices of challenges that gave a place before: then nobody has joined; or
 *   `'later'` where a worker must write more numbers to PostgreSQL, or restore the line, first
 */
async function joinLine(
  run: Runner,
  line: Line,
  visitors: number,
  link: string,
  challenges: readonly ShownChallenge[],
): Promise<Joining | { spent: number[] } | 'later'> {
  const shown = challenges.map(({ minute, id }) => [minute, id]);
  const answer = await run.onLine('joinRoom', line, { visitors, link, challenges: shown }, joinAnswer);
  return 'refused' in answer ? 'later' : answer;
}

/** Admits a visitor whose turn has begun. Returns the end of the admission in Redis' time, or why there is none. */
async function takeTurn(run: Runner, line: Line, position: number, arrival: number): Promise<number | TurnRefusal> {
  const answer = await run.onLine('takeTurn', line, { position, arrival }, turnAnswer);
  return 'refused' in answer ? answer.refused : answer.untilMs;
}

/** Notes that a visitor left. `position` is undefined before the draw. Returns whether Redis has the line. */
async function leaveLine(run: Runner, line: Line, arrival: number, position: number | undefined): Promise<boolean> {
  return !('refused' in (await run.onLine('leaveRoom', line, { arrival, position }, leaveAnswer)));
}

/**
 * Counts visitors with whom the site of an event without seats is done. A report that is repeated with its key counts
 * once.
 */
async function reportDone(run: Runner, eventId: number, count: number, key: Idempotency | undefined) {
  const request = { event: eventId, count, key, keySec: IDEMPOTENCY_TTL_SECONDS };
  const answer = await run.inShard('reportDone', run.shardOf(eventId), request, doneAnswer);
  return 'refused' in answer ? answer.refused : answer;
}

/** Whether a visitor left before. */
async function hasLeft(
  { of }: RedisShards,
  shard: number,
  { eventId, generation }: Line,
  arrival: number,
): Promise<boolean> {
  const stem = keysOf(shard).roomLeftStem;
  const key = `${stem}${eventId}:${generation}:${Math.floor(arrival / LINE_CHUNK)}`;
  return (await of(shard).getbit(key, arrival % LINE_CHUNK)) === 1;
}

/**
 * Reads the reasons for a step of a line in which nobody waits, as one text: its settings, the visitors who joined, the
 * visitors reported as done, and the accepted tickets, which switch an automatic room on.
 */
async function readActivity({ of }: RedisShards, shard: number, { eventId }: Line): Promise<string> {
  const redis = of(shard);
  const { roomStem, sequence } = keysOf(shard);
  const [line, accepted] = await Promise.all([
    redis.hmget(`${roomStem}${eventId}`, 'generation', 'version', 'joined', 'done'),
    redis.get(sequence),
  ]);
  return [...line, accepted].join(' ');
}

/**
 * Reads what the next step of a line depends on.
 *
 * @returns milliseconds until this worker may step the line, where it may not now; `'AHEAD'` where the last step in
 *   PostgreSQL lies ahead of Redis' clock; `'REBUILD'` where Redis does not know the line as PostgreSQL does
 */
async function measureLine(
  run: Runner,
  stepper: string,
  line: MirroredLine,
  seats: number,
): Promise<MeasuredLine | number | 'AHEAD' | 'REBUILD'> {
  const request = { stepper, steppedMs: line.steppedMs, lateShare: LATE.shareOfTurn, lateMs: LATE.ms };
  const answer = await run.onLine('measureRoom', line, request, z.union([measureRefusal, measureAnswer]));
  if ('refused' in answer) return answer.refused === 'EARLY' ? answer.forMs : answer.refused;
  const { nextMs, windowMs } = answer;
  const { stepMs, version, numbers, people, chain } = answer.room;
  const measurement = measurementOf(answer, seats);
  return { measurement, measured: { stepMs, version }, nextMs, windowMs, numbers, people, chain };
}

/**
 * Writes a step that was computed from a measurement.
 *
 * @returns false, and nothing is written, where another worker has stepped or the settings changed since
 */
async function writeStep(
  run: Runner,
  stepper: string,
  line: Line,
  { measured, measurement }: MeasuredLine,
  step: AdmissionStep,
): Promise<boolean> {
  const fields = { ...fieldsOf(step, measurement.nowMs), stepper };
  const request = { measured, fields, isCalling: step.more > 0 };
  const answer = await run.onLine('stepRoom', line, request, stepAnswer);
  return 'isWritten' in answer && answer.isWritten;
}

async function releaseLines(run: Runner, stepper: string, eventIds: readonly number[]): Promise<void> {
  const releaseInShard = async ([shard, ofShard]: [number, number[]]) => {
    for (let from = 0; from < ofShard.length; from += ROOMS_A_READ) {
      const request = { stepper, events: ofShard.slice(from, from + ROOMS_A_READ) };
      await run.inShard('releaseRooms', shard, request, z.object({ released: z.number() }));
    }
  };
  await Promise.all([...groupBy(eventIds, run.shardOf)].map(releaseInShard));
}

/** Calls the positions, and allows the arrival numbers, that PostgreSQL knows. */
async function serveLine(
  run: Runner,
  line: Line,
  { serving, numbers, people, chain }: ServedLine,
): Promise<number | 'REBUILD'> {
  const request = { serving, numbers, people: people ?? undefined, chain };
  const answer = await run.onLine('serveRoom', line, request, serveAnswer);
  return 'refused' in answer ? answer.refused : answer.serving;
}
