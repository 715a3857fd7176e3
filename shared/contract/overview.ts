import { z } from 'zod';
import { eventStatus, seatCounts } from './events.ts';
import { eventId, inAddress } from './ids.ts';
import { MAX_HISTORY_MINUTES, MAX_LOAD_POINTS } from './limits.ts';
import { problem } from './pipeline.ts';
import { text } from './text.ts';
import { roomView } from './waiting-room.ts';
import { workersView } from './workers.ts';

/** Events that an overview contains (the busiest), and warnings and errors (the latest). */
export const MAX_EVENTS_IN_OVERVIEW = 20;
export const MAX_FAULTS_IN_OVERVIEW = 30;

const room = roomView.pick({ mode: true, paused: true, peoplePerMinute: true, challenge: true }).extend({
  /** The state of the line; omitted if the room is off or this node has not read it yet. */
  line: roomView.pick({ on: true, waiting: true, inside: true, speedPerSecond: true }).optional(),
});

/** An event with its seats and its line. `seats` is omitted where it has ended, or they cannot be counted. */
const eventOfOperators = z
  .object({
    eventId,
    name: z.string(),
    status: eventStatus,
    salesPaused: z.boolean(),
    /** Changes of its bookings within ten minutes, among the newest of all events; 0 where it was searched. */
    recentChanges: z.int(),
    seats: seatCounts.omit({ total: true }).optional(),
    room,
  })
  .meta({ id: 'EventOfOperators' });

export type EventOfOperators = z.infer<typeof eventOfOperators>;

/** Characters of a text by which events are found. */
const MAX_FIND_LENGTH = 100;

/** Query of `GET /admin/events`: a number, or a part of a name. Without it, the busiest events. */
export const eventsQuery = z.strictObject({ find: text(MAX_FIND_LENGTH).optional() });

/** Events that were found, or the busiest. */
export const eventsFound = z
  .object({ events: z.array(eventOfOperators).max(MAX_EVENTS_IN_OVERVIEW) })
  .meta({ id: 'EventsFound' });

export type EventsFound = z.infer<typeof eventsFound>;

/** A warning or an error that a process logged, with the message of its fault. */
const loggedFault = z.object({
  at: z.iso.datetime(),
  level: z.enum(['warn', 'error', 'fatal']),
  message: z.string(),
  fault: z.string().optional(),
});

/** A setting as the server reports it. `unknown`: this account may not read it. */
const serverSetting = z.object({
  setting: z.string(),
  value: z.string().optional(),
  state: z.enum(['right', 'wrong', 'unknown']),
  cost: z.string(),
});

export type LoggedFault = z.infer<typeof loggedFault>;

/**
 * The state of the whole system, for operators. Values that could not be read are omitted. `accepted`, `settled` and
 * `outcomes` only grow: the difference of two overviews gives the rates.
 */
export const overview = z.object({
  /** Milliseconds since 1970, by the node's clock. */
  atMs: z.int(),
  /** Problems that stop work, the worst first. */
  problems: z.array(problem),
  redisUp: z.boolean(),
  postgresUp: z.boolean(),
  queue: z
    .object({
      /** Tickets without an outcome, tickets accepted in total, and tickets with an outcome in total. */
      depth: z.int(),
      accepted: z.int(),
      settled: z.int(),
      /** Omitted while no worker runs. */
      etaSeconds: z.number().optional(),
      /** Age of the oldest unfinished job. */
      oldestSeconds: z.number(),
      /** Jobs that failed permanently and are still stored. */
      failed: z.int(),
    })
    .optional(),
  /** Orders that nobody has decided in time, and those whose money has to be given back, or a part of it. */
  orders: z.object({ overdue: z.int(), refundsDue: z.int() }).optional(),
  /** Tickets by outcome: a status such as `booked`, or the code of a rejection. */
  outcomes: z.record(z.string(), z.int()).optional(),
  workers: workersView.optional(),
  /** The busiest first, and how many have not ended in all. */
  events: z.array(eventOfOperators).max(MAX_EVENTS_IN_OVERVIEW).optional(),
  eventsInAll: z.int().optional(),
  /**
   * Durability settings of Redis and PostgreSQL; `cost` is the possible loss caused by a wrong setting. Omitted until
   * this node has read the settings.
   */
  serverSettings: z.array(serverSetting).optional(),
  /** The latest warnings and errors of the API process that responds, the newest first, and the name of the process. */
  faults: z.array(loggedFault).max(MAX_FAULTS_IN_OVERVIEW),
  process: z.string(),
});

export type Overview = z.infer<typeof overview>;

/** Query of `GET /admin/history`. */
export const historyQuery = z.strictObject({
  minutes: inAddress(z.int().min(1).max(MAX_HISTORY_MINUTES)).default(MAX_HISTORY_MINUTES),
});

/** The load at a moment. `accepted` and `settled` only grow, as in the overview. */
const loadPoint = z.object({ atMs: z.int(), depth: z.int(), accepted: z.int(), settled: z.int(), workers: z.int() });

export type LoadPoint = z.infer<typeof loadPoint>;

/** The load of the last hours, the oldest point first. One is recorded every `everySeconds`. */
export const loadHistory = z
  .object({ everySeconds: z.int(), points: z.array(loadPoint).max(MAX_LOAD_POINTS) })
  .meta({ id: 'LoadHistory' });

export type LoadHistory = z.infer<typeof loadHistory>;
