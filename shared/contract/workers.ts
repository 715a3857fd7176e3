import { z } from 'zod';
import { MAX_WORKERS } from './limits.ts';

/** The number of worker processes that an operator requests; `auto`: as many as the load needs. */
export const workersBody = z
  .strictObject({
    processes: z.union(
      [z.int().min(1).max(MAX_WORKERS), z.literal('auto')],
      `a number from 1 to ${MAX_WORKERS}, or "auto"`,
    ),
  })
  .meta({ id: 'WorkersRequest' });

export type RequestedWorkers = z.infer<typeof workersBody>['processes'];

/**
 * Worker processes: how many run, how many are desired (absent until a worker has computed it), and the operator's
 * request.
 */
export const workersView = z
  .object({
    alive: z.int(),
    desired: z.int().optional(),
    asked: workersBody.shape.processes,
  })
  .meta({ id: 'Workers' });

export type WorkersView = z.infer<typeof workersView>;
