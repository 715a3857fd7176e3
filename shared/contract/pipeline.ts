import { z } from 'zod';

/** Every kind of problem that stops accepted work or needs an operator, the worst first. */
export const problemCodes = [
  'redis_down',
  'redis_not_writable',
  'postgres_down',
  'no_worker',
  'queue_paused',
  'queue_stuck',
  'schedule_stopped',
  'loop_stalled',
  'job_unreadable',
  'seats_in_doubt',
] as const;

export const problem = z.object({ code: z.enum(problemCodes), message: z.string() });

export type Problem = z.infer<typeof problem>;

/** `GET /healthz/pipeline`: the state of the services behind the API. Values that could not be read are omitted. */
export const pipelineView = z
  .object({
    status: z.enum(['ok', 'not ok']),
    /** The worst first, each with a message for operators. */
    problems: z.array(problem),
    redisUp: z.boolean(),
    /** Shards whose Redis accepts no writes. */
    notWritable: z.array(z.int()),
    postgresUp: z.boolean(),
    workersAlive: z.int().optional(),
    queues: z.array(
      z.object({
        shard: z.int(),
        queue: z.enum(['booking', 'control']),
        isPaused: z.boolean(),
        /** Age of the oldest unfinished job; 0 without one. */
        oldestSeconds: z.number(),
        /** Jobs that no worker could read; they wait for a worker that can. */
        unreadable: z.int(),
        /** Seconds since a job of this queue last finished. */
        quietSeconds: z.number().optional(),
      }),
    ),
    schedules: z.array(z.object({ name: z.string(), everySeconds: z.number(), quietSeconds: z.number().optional() })),
    /** Blocked seats that Redis had as taken and of which PostgreSQL has no booking, of all events. */
    seatsInDoubt: z.int().optional(),
    /** Loops of this process and of workers that make no progress. */
    stalledLoops: z.array(z.string()),
  })
  .meta({ id: 'Pipeline' });

export type PipelineView = z.infer<typeof pipelineView>;

/** The facts from which problems are derived. */
export type PipelineFacts = Omit<PipelineView, 'status' | 'problems'>;
