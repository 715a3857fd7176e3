import type { Request, Response } from 'express';
import type { Config } from '../../shared/config.ts';
import type { LimitCountsStore } from '../../shared/stores/redis/limit-counts.ts';
import { ApiError } from '../http/errors.ts';
import { limitedAs } from '../http/request-keys.ts';
import { areLimitsOn, type LimitsConfig, limitFor } from './rate-limits.ts';
import { windowsOf } from './windows.ts';

/**
 * Reads of one client that may wait for their turn where limits are on. Where limits are off, all reads may seem to
 * come from one proxy.
 */
const MAX_WAITING_READS = 15;

/**
 * The reads of one client: the number that run or wait, that of parts of long reads, and the end of the last turn that
 * was taken.
 */
type ReadQueue = { reads: number; parts: number; lastTurn: Promise<unknown> };

/**
 * Waits for a promise outside the read's turn, so that the client's other reads go on meanwhile, and then for the next
 * turn.
 */
type WaitOutsideTurn = (wait: Promise<unknown>) => Promise<void>;

/** Waits for a turn in a client's queue. Resolves with the function that ends the turn. */
async function takeTurn(queue: ReadQueue): Promise<() => void> {
  const previous = queue.lastTurn;
  let end: () => void = () => undefined;
  queue.lastTurn = new Promise<void>((resolve) => {
    end = resolve;
  });
  await previous;
  return end;
}

/**
 * Bounds reads that cost more than a booking, so that one client's reads do not delay another's booking: the reads of
 * one client run one after another, and where limits are on their cost in a minute is limited. A read costs 1, and 1
 * more for each 1,000 seats that it lists, 10,000 seats of a house whose bookings it sums up, 100 rows of seats that it
 * reads or 100 zones that it counts. An export costs 1, whatever it has: it reads a page in each of the client's turns.
 */
export function createHeavyReads(config: LimitsConfig & Pick<Config, 'READS_PER_MINUTE'>, counts?: LimitCountsStore) {
  const areOn = areLimitsOn(config);
  const windows = windowsOf('reads', counts);
  const queues = new Map<string, ReadQueue>();

  /** Runs a use of a client's queue: counted while it lasts, so that the queue is kept as long. */
  async function withQueue<Result>(
    client: string,
    counted: 'reads' | 'parts',
    use: (queue: ReadQueue) => Promise<Result>,
  ): Promise<Result> {
    const queue = queues.get(client) ?? { reads: 0, parts: 0, lastTurn: Promise.resolve() };
    queues.set(client, queue);
    queue[counted] += 1;
    try {
      return await use(queue);
    } finally {
      queue[counted] -= 1;
      if (queue.reads === 0 && queue.parts === 0) queues.delete(client);
    }
  }

  /**
   * Counts a read before it is made. A client with any budget left in its minute may make it, at any cost.
   *
   * @throws ApiError RATE_LIMITED
   */
  function charge(req: Request, res: Response, cost: number): void {
    if (!areOn || cost === 0) return;
    const { totalHits, resetTime } = windows.increment(limitedAs(req), cost);
    if (totalHits - cost < limitFor(req, config.READS_PER_MINUTE)) return;
    res.setHeader('retry-after', Math.max(1, Math.ceil((resetTime.getTime() - Date.now()) / 1000)));
    throw new ApiError('RATE_LIMITED');
  }

  return {
    charge,

    /**
     * Makes a read after the earlier reads of the same client. A read that has to wait for the client itself ends its
     * turn first: the client may receive nothing until another of its reads is answered, as with pipelined requests.
     *
     * @throws ApiError RATE_LIMITED
     */
    async inTurn(
      req: Request,
      res: Response,
      cost: number,
      read: (waitOutside: WaitOutsideTurn) => Promise<void>,
    ): Promise<void> {
      const client = limitedAs(req);
      if (areOn && (queues.get(client)?.reads ?? 0) > MAX_WAITING_READS) {
        res.setHeader('retry-after', 1);
        throw new ApiError('RATE_LIMITED', 'Too many reads of this client are waiting.');
      }
      charge(req, res, cost);
      await withQueue(client, 'reads', async (queue) => {
        let endTurn = await takeTurn(queue);
        const waitOutside: WaitOutsideTurn = async (wait) => {
          endTurn();
          await wait;
          endTurn = await takeTurn(queue);
        };
        try {
          if (!res.destroyed) await read(waitOutside);
        } finally {
          endTurn();
        }
      });
    },

    /**
     * The turns of a read that may go on for hours: a function that runs a part of it after the earlier reads of its
     * client. Between its parts it holds up no other read. The caller bounds and charges such reads.
     */
    turnsOf(req: Request) {
      const client = limitedAs(req);
      return <Result>(part: () => Promise<Result>): Promise<Result> =>
        withQueue(client, 'parts', async (queue) => {
          const endTurn = await takeTurn(queue);
          return part().finally(endTurn);
        });
    },
  };
}

export type HeavyReads = ReturnType<typeof createHeavyReads>;
