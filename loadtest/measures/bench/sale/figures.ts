import { z } from 'zod';

/**
 * The steps of a sale. `visit`: a visitor loads the page of the event, that of its waiting room, and their assets, and
 * joins the line. `cachedVisit`: the same where a cache has the assets. `poll`, or `line`, which is the same for
 * everybody: a request while waiting. `booking`: a buyer holds two seats and pays for them with an order.
 */
const SALE_STEPS = ['visit', 'cachedVisit', 'poll', 'line', 'booking'] as const;

export type SaleStep = (typeof SALE_STEPS)[number];

const figure = z.number().min(0);

/** A figure of each process: CPU of API, workers, Redis and PostgreSQL. */
const byProcess = z.object({ api: figure, workers: figure, redis: figure, postgres: figure });

export type ByProcess = z.infer<typeof byProcess>;

/** The cost of a step at a rate, without that of idle processes. */
const stepCost = z.object({
  perSecond: z.number().positive(),
  cpuMicros: byProcess,
  /** Bytes sent and received, without TCP and TLS: with clients, Redis and PostgreSQL. */
  networkBytes: z.object({ clients: figure, redis: figure, postgres: figure }),
  walBytes: figure,
  /** Bytes that Redis has in memory afterwards. */
  redisBytes: figure,
});

export type StepCost = z.infer<typeof stepCost>;

const ascending = (costs: { perSecond: number }[]): boolean =>
  costs.every(({ perSecond }, i) => perSecond >= (costs[i - 1]?.perSecond ?? 0));

/** Each step at one rate or at several, the lowest first. At higher rates requests travel in larger batches. */
const steps = z.object(
  Object.fromEntries(
    SALE_STEPS.map((name) => [name, z.array(stepCost).min(1).refine(ascending, 'the lowest rate first')]),
  ) as Record<SaleStep, z.ZodArray<typeof stepCost>>,
);

/**
 * Another run, on several processes, with which the capacity model is compared. `rates`: steps a second, of
 * each that took part. `cores`: those in use meanwhile, by all processes of a kind.
 */
const rehearsal = z.object({
  name: z.enum(['visitors', 'bookings']),
  apis: z.int().min(1),
  workers: z.int().min(1),
  rates: z.partialRecord(z.enum(SALE_STEPS), figure),
  cores: byProcess,
});

/** The cost of a sale, as `npm run bench` measures it on so many APIs and workers, which share the steps. */
export const saleFigures = z.object({
  apis: z.int().min(1),
  workers: z.int().min(1),
  steps,
  /** Cores that processes use while nothing is sent: all APIs, all workers, and the servers. */
  idleCores: byProcess.refine((cores) => Object.values(cores).every((used) => used < 0.5), 'not idle'),
  /** The most megabytes that a process had in memory. */
  megabytes: z.object({ api: figure, workers: figure }),
  rehearsals: z.array(rehearsal),
});

export type SaleFigures = z.infer<typeof saleFigures>;
