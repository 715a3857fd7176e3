import { z } from 'zod';
import type { AdmissionStep, RoomMeasurement } from '../../domain/room-step.ts';

const number = z.coerce.number();
const measured = number.default(0);
const flag = z.string().transform((text) => text === '1');

/**
 * The hash of a waiting room, as the scripts answer it: text by field name. The defaults stand for what no step has
 * measured yet. Processes of the version before and after read and write the same hash.
 */
const roomHash = z.object({
  generation: number,
  version: number.default(0),
  mode: z.enum(['off', 'on', 'auto']).default('off'),
  paused: flag.default(false),
  perMinute: measured,
  insideLimit: measured,
  etaLimitMs: measured,
  turnMs: measured,
  admissionMs: measured,
  uses: number.default(1),
  login: flag.default(false),

  joined: number,
  numbers: number,
  serving: number,
  base: measured,
  people: z.string().transform((text) => (text === '' ? undefined : Number(text))),
  drawn: flag.default(false),
  chain: z.string().default(''),
  came: measured,
  back: measured,
  got: measured,
  done: measured,

  stepMs: number,
  on: flag.default(false),
  calmMs: measured,
  rate: measured,
  ceiling: number.optional(),
  carry: measured,
  used: flag.default(false),
  drain: number.optional(),
  pace: measured,
  settled: number.optional(),
  busy: flag.default(false),
  missing: measured,
  judged: measured,
  before: number.optional(),
  speed: measured,
  passed: number.optional(),
  passedOfLate: measured,
  passedSec: measured,

  eta: measured,
  free: measured,
  sold: flag.default(false),
  inside: measured,
  offered: measured,
  // Before the first step nobody is told that the seats will not last.
  spare: number.default(1),
  seatsEach: measured,
  seatsMost: measured,
  growth: measured,
  top: measured,
  limit: measured,
});

/** The state of a line in Redis. Rates are visitors a second, times milliseconds. */
export type RoomState = {
  generation: number;
  on: boolean;
  paused: boolean;
  joined: number;
  /** The last called position. */
  serving: number;
  /** Visitors who joined before the sale; undefined while the line is open for the draw. */
  people: number | undefined;
  drawn: boolean;
  chain: string;
  rate: number;
  /**
   * Whether the rate limits the admissions; the share by which it grows in a second then, and up to where, probably.
   */
  isRateUsed: boolean;
  growth: number;
  topRate: number;
  /** The rate that an operator's limit allows; 0 without one. */
  limitRate: number;
  /** Visitors called a second, of late. */
  speed: number;
  etaSeconds: number;
  inside: number;
  offered: number;
  seatsFree: number;
  isSoldOut: boolean;
  /** Seats that a visitor in the line takes on average, absent ones included; and at most, as far as is known. */
  seatsEach: number;
  seatsMost: number;
  /** Seats that the visitors admitted so far will probably leave to the line. */
  seatsSpare: number;
  turnMs: number;
  admissionMs: number;
  /** Milliseconds that a hold lasts. */
  holdMs: number;
  requiresLogin: boolean;
  /** Visitors who took their turn. */
  admitted: number;
  /** Visitors whom the site of an event without seats has reported as done. */
  done: number;
  uses: number;
  /** 0 without a date. */
  onSaleMs: number;
  /** The event's. */
  timeZone: string;
  /** Redis' time when this was read, in milliseconds since 1970. */
  asOfMs: number;
  /** Milliseconds by which Redis' clock was ahead of this process' clock when this was read. */
  aheadMs: number;
};

/** Answer of readRooms.lua, and a message about one room. */
export const roomsAnswer = z.object({
  nowMs: z.number(),
  rooms: z
    .array(
      z.object({
        event: z.number(),
        room: roomHash,
        // A house that the version before opened has no time zone.
        sale: z.object({ onSaleMs: measured, holdMs: measured, timeZone: z.string().default('UTC') }),
      }),
    )
    .or(z.strictObject({}).transform(() => [])), // an empty list, as Lua encodes it
});

type ReadRoom = z.infer<typeof roomsAnswer>['rooms'][number];

/** The state of a line from a room that was read or published, and the clock at that time. */
export function stateOf({ room, sale }: ReadRoom, clock: Pick<RoomState, 'asOfMs' | 'aheadMs'>): RoomState {
  return {
    generation: room.generation,
    on: room.on,
    paused: room.paused,
    joined: room.joined,
    serving: room.serving,
    people: room.people,
    drawn: room.drawn,
    chain: room.chain,
    rate: room.rate,
    isRateUsed: room.used,
    growth: room.growth,
    topRate: room.top,
    limitRate: room.limit,
    speed: room.speed,
    etaSeconds: room.eta,
    inside: room.inside,
    offered: room.offered,
    seatsFree: Math.max(0, room.free),
    isSoldOut: room.sold,
    seatsEach: room.seatsEach,
    seatsMost: room.seatsMost,
    seatsSpare: room.spare,
    turnMs: room.turnMs,
    admissionMs: room.admissionMs,
    holdMs: sale.holdMs,
    requiresLogin: room.login,
    admitted: room.came,
    done: room.done,
    uses: room.uses,
    onSaleMs: sale.onSaleMs,
    timeZone: sale.timeZone,
    ...clock,
  };
}

const called = z.object({ visitors: z.number(), absent: z.number() });

/** Answer of measureRoom.lua. */
export const measureAnswer = z.object({
  nowMs: z.number(),
  sinceMs: z.number(),
  nextMs: z.number(),
  windowMs: z.number(),
  queue: z.object({ accepted: z.number(), settled: z.number(), hasWaiting: z.boolean(), hasActive: z.boolean() }),
  sale: z.object({
    onSaleMs: z.number().optional(),
    isPaused: z.boolean(),
    seatsTaken: z.number(),
    seatsHeld: z.number(),
  }),
  inside: z.number(),
  turns: z.object({
    late: called,
    latePosition: z.number(),
    awaited: called,
    newlyLate: called,
    lastMinute: z.object({ came: z.number(), open: called }),
  }),
  room: roomHash,
});

type MeasuredRoom = z.infer<typeof measureAnswer>;

/** The measurement for the next step, from the answer of measureRoom.lua and the seats of the house. */
export function measurementOf({ room, ...measurement }: MeasuredRoom, seats: number): RoomMeasurement {
  const { nowMs, sinceMs, queue, sale, inside, turns } = measurement;
  return {
    nowMs,
    sinceMs,
    settings: {
      mode: room.mode,
      paused: room.paused,
      perMinute: room.perMinute,
      insideLimit: room.insideLimit,
      etaLimitMs: room.etaLimitMs,
    },
    line: {
      joined: room.joined,
      calledPosition: room.serving,
      base: room.base,
      isDrawn: room.people === 0 || (room.people !== undefined && room.drawn),
    },
    queue,
    sale: { ...sale, onSaleMs: sale.onSaleMs, seats },
    visitors: { inside, admitted: room.came, takenBack: room.back, seatsClaimed: room.got },
    turns,
    memory: {
      isOn: room.on,
      calmSinceMs: room.calmMs,
      rate: room.rate,
      ceiling: room.ceiling,
      carry: room.carry,
      isRateUsed: room.used,
      drain: room.drain,
      pace: room.pace,
      settled: room.settled,
      wereJobsWaiting: room.busy,
      absentShare: room.missing,
      judgedPosition: room.judged,
      calledPosition: room.before,
      speed: room.speed,
      site: { passed: room.passed, passedOfLate: room.passedOfLate, secondsOfLate: room.passedSec },
    },
  };
}

/** The fields of the hash that a step writes. Undefined ones stay as they are. */
export function fieldsOf(step: AdmissionStep, nowMs: number): Record<string, number | undefined> {
  const { memory } = step;
  return {
    stepMs: nowMs,
    on: Number(memory.isOn),
    calmMs: memory.calmSinceMs,
    rate: memory.rate,
    ceiling: memory.ceiling,
    carry: memory.carry,
    used: Number(memory.isRateUsed),
    drain: memory.drain,
    pace: memory.pace,
    settled: memory.settled,
    busy: Number(memory.wereJobsWaiting),
    missing: memory.absentShare,
    judged: memory.judgedPosition,
    before: memory.calledPosition,
    speed: memory.speed,
    passed: memory.site?.passed,
    passedOfLate: memory.site?.passedOfLate,
    passedSec: memory.site?.secondsOfLate,
    eta: step.etaSeconds,
    free: step.seatsFree,
    sold: Number(step.isSoldOut),
    inside: step.inside,
    offered: step.offered,
    spare: step.seatsSpare,
    seatsEach: step.seatsEach,
    seatsMost: step.seatsMost,
    growth: step.growth,
    top: step.topRate,
    limit: step.limitRate,
  };
}
