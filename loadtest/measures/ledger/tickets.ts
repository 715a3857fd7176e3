import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { withOwnServers } from '../../kit/rig.ts';
import type { Stores } from '../../kit/stores.ts';
import { versionIn } from '../committed-figures.ts';
import { BATCH_REQUESTS, FIXED_HOUSE, runFixedBatch, type Step } from '../fixed-batches.ts';
import { readLogBytes, steadyDataBytes } from './records.ts';

/** Batches that are measured, a power of ten of tickets. */
const BATCHES = 100;

/**
 * The first batches have one request for each row of the house, so each row and counter has its key before the memory
 * is read. A row then grows by some bytes while thirty bookings fill it: nothing that a ticket would show.
 */
const WARM_UP_BATCHES = (FIXED_HOUSE.ZONES * FIXED_HOUSE.ROWS) / BATCH_REQUESTS;

/** Bytes for each ticket: of the append-only file, by the script that wrote them, and of memory once it is settled. */
export type TicketBytes = { log: Record<Step, number>; memory: number };

/** Runs tickets through the scripts, each of which gets two seats. */
export async function measureTickets(stores: Stores): Promise<TicketBytes> {
  const { redis } = stores;
  for (let batch = 0; batch < WARM_UP_BATCHES; batch += 1) await runFixedBatch(stores, batch, (_step, work) => work());
  const log: Record<Step, number> = { accept: 0, claim: 0, settle: 0 };
  const before = await steadyDataBytes(redis);
  for (let batch = 0; batch < BATCHES; batch += 1) {
    await runFixedBatch(stores, WARM_UP_BATCHES + batch, async (step, work) => {
      const logBefore = await readLogBytes(redis);
      const result = await work();
      log[step] += (await readLogBytes(redis)) - logBefore;
      return result;
    });
  }
  const after = await steadyDataBytes(redis);
  const each = (bytes: number) => Math.round(bytes / BATCHES / BATCH_REQUESTS);
  const logEach = { accept: each(log.accept), claim: each(log.claim), settle: each(log.settle) };
  return { log: logEach, memory: each(after - before) };
}

export const logBytesOf = ({ log }: TicketBytes): number => log.accept + log.claim + log.settle;

/** Works with the stores of servers of its own, on which the fixed batches find an open house. */
export const withFixedHouse = <Result>(
  name: string,
  work: (stores: Stores, version: string) => Promise<Result>,
): Promise<Result> =>
  withOwnServers({ name, house: FIXED_HOUSE }, async ({ openStores }) => {
    const stores = await openStores();
    await stores.seats.open(DEFAULT_EVENT);
    return work(stores, versionIn(await stores.redis.info('server')));
  });
