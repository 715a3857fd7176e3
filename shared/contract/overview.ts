import { z } from 'zod';
import { seatCounts } from './events.ts';
import { eventId } from './ids.ts';
import { problem } from './pipeline.ts';
import { roomView } from './waiting-room.ts';
import { workersView } from './workers.ts';

/** Events that an overview shows, the newest, and warnings and errors, the last. */
export const MAX_EVENTS_IN_OVERVIEW = 20;
export const MAX_FAULTS_IN_OVERVIEW = 30;

const room = roomView.pick({ mode: true, paused: true, peoplePerMinute: true, challenge: true }).extend({
  /** How the line stands; left out where the room is off, or this node has not seen it yet. */
  line: roomView.pick({ on: true, waiting: true, inside: true, speedPerSecond: true }).optional(),
});

/** A warning or an error that a process logged, with the words of its fault. */
const loggedFault = z.object({
  at: z.iso.datetime(),
  level: z.enum(['warn', 'error', 'fatal']),
  message: z.string(),
  fault: z.string().optional(),
});

/** A setting of a server as read. `unknown`: this account may not read it. */
const serverSetting = z.object({
  setting: z.string(),
  value: z.string().optional(),
  state: z.enum(['right', 'wrong', 'unknown']),
  cost: z.string(),
});

export type LoggedFault = z.infer<typeof loggedFault>;

/**
 * How the whole system stands, for who watches over it. What could not be read is left out. `accepted`, `settled` and `outcomes` only grow:
 * two overviews tell how fast.
 */
export const overview = z.object({
  /** Milliseconds since 1970 by the node's clock. */
  atMs: z.int(),
  /** The problems that keep work from being done, the worst first. */
  problems: z.array(problem),
  redisUp: z.boolean(),
  postgresUp: z.boolean(),
  queue: z
    .object({
      /** Tickets without an outcome, those ever accepted, and those that have their outcome. */
      depth: z.int(),
      accepted: z.int(),
      settled: z.int(),
      /** Left out while no worker runs. */
      etaSeconds: z.number().optional(),
      /** Age of the oldest job that is not done. */
      oldestSeconds: z.number(),
      /** Jobs that failed for good and are still there. */
      failed: z.int(),
    })
    .optional(),
  /** Tickets by what became of them: a status as `booked`, or the code of a refusal. */
  outcomes: z.record(z.string(), z.int()).optional(),
  workers: workersView.optional(),
  /** The newest first. */
  events: z
    .array(
      z.object({
        eventId,
        name: z.string(),
        salesPaused: z.boolean(),
        seats: seatCounts.omit({ total: true }).optional(),
        room,
      }),
    )
    .max(MAX_EVENTS_IN_OVERVIEW)
    .optional(),
  /**
   * How Redis and PostgreSQL are set, as far as that decides what is lost when one of them fails; `cost` names the
   * possible loss by a wrong setting. Left out until this node has read the settings.
   */
  serverSettings: z.array(serverSetting).optional(),
  /** The last of the API process that answers, the newest first, and which process that is. */
  faults: z.array(loggedFault).max(MAX_FAULTS_IN_OVERVIEW),
  process: z.string(),
});

export type Overview = z.infer<typeof overview>;
