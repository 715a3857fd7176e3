import type { Request, Response } from 'express';
import type { Config } from '../../shared/platform/config.ts';
import type { LimitCountsStore } from '../../shared/stores/redis/limit-counts.ts';
import { clientOf } from './client-address.ts';
import { ApiError } from './errors.ts';
import { areLimitsOn, type LimitsConfig, windowsOf } from './rate-limits.ts';

/**
 * Reads of one client that may wait for their turn where limits are on. Where limits are off, all reads may seem to
 * come from one proxy.
 */
const MAX_WAITING_READS = 15;

/** The reads of one client: how many are under way or wait, and the end of the turn that was given last. */
type Line = { reads: number; last: Promise<unknown> };

/** Waits for something without keeping a client's other reads waiting, and then for the next turn. */
type Outside = (wait: Promise<unknown>) => Promise<void>;

/** Waits for a turn in a client's line. Answers how it is ended. */
async function take(line: Line): Promise<() => void> {
  const previous = line.last;
  let end: () => void = () => undefined;
  line.last = new Promise<void>((resolve) => {
    end = resolve;
  });
  await previous;
  return end;
}

/**
 * Reads that cost more than a booking, so that no client's reads make another's booking wait: those of one client
 * follow one another, and where limits are on their cost counts in a minute. A read costs 1, and 1 more for each 1,000
 * seats that it lists, 100 rows that it reads or 100 zones that it sums up.
 */
export function createHeavyReads(config: LimitsConfig & Pick<Config, 'READS_PER_MINUTE'>, counts?: LimitCountsStore) {
  const isOn = areLimitsOn(config);
  const windows = windowsOf('reads', counts);
  const lines = new Map<string, Line>();

  /**
   * Counts a read before it is made. A client with anything left of its minute may make it, at any cost.
   *
   * @throws ApiError RATE_LIMITED
   */
  function charge(req: Request, res: Response, cost: number): void {
    if (!isOn || cost === 0) return;
    const { totalHits, resetTime } = windows.increment(clientOf(req), cost);
    if (totalHits - cost < config.READS_PER_MINUTE) return;
    res.setHeader('retry-after', Math.max(1, Math.ceil((resetTime.getTime() - Date.now()) / 1000)));
    throw new ApiError('RATE_LIMITED');
  }

  return {
    charge,

    /**
     * Makes a read once those of the same client before it are done. A read that waits for its client leaves its slot
     * meanwhile: the client may receive nothing until another of its reads is answered, as with pipelined requests.
     *
     * @throws ApiError RATE_LIMITED
     */
    async inTurn(req: Request, res: Response, cost: number, read: (outside: Outside) => Promise<void>): Promise<void> {
      const client = clientOf(req);
      const line: Line = lines.get(client) ?? { reads: 0, last: Promise.resolve() };
      if (isOn && line.reads > MAX_WAITING_READS) {
        res.setHeader('retry-after', 1);
        throw new ApiError('RATE_LIMITED', 'Too many reads of this client wait for each other.');
      }
      charge(req, res, cost);
      lines.set(client, line);
      line.reads += 1;
      let end = await take(line);
      const outside: Outside = async (wait) => {
        end();
        await wait;
        end = await take(line);
      };
      try {
        if (!res.destroyed) await read(outside);
      } finally {
        end();
        line.reads -= 1;
        if (line.reads === 0) lines.delete(client);
      }
    },
  };
}

export type HeavyReads = ReturnType<typeof createHeavyReads>;
