import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { hasSeats } from '../../../shared/domain/seat-doubt.ts';
import { createDoubtStore } from '../../../shared/stores/doubts.ts';
import { between } from '../../kit/random.ts';
import { cutOff, promote } from '../../kit/standby.ts';
import type { Stores } from '../../kit/stores.ts';
import type { Scene } from './scene.ts';

/** Milliseconds in which a rebuild after the failover must be done: APIs and workers connect anew. */
const REBUILD_TIMEOUT_MS = 20_000;

const OPERATOR = { name: 'chaos', address: '127.0.0.1' };

/** Seats in doubt, and bookings that were restored from what Redis knew. */
type Settled = { inDoubt: number; restored: number };

/** Cuts PostgreSQL's standby off, and after a while promotes it in place of the killed primary. */
export async function promoteStandby({ rig, random, progress }: Scene): Promise<void> {
  const { standby } = rig;
  if (standby === undefined) throw new Error('this PostgreSQL has no standby');
  await cutOff(standby.url);
  const missedMs = between(random, 300, 2_000);
  await sleep(missedMs);
  await rig.postgres.kill();
  await promote(standby.url);
  progress(`promoted a standby of PostgreSQL that was cut off ${Math.round(missedMs)} ms before`);
  rig.usePostgres(standby);
  if (random() < 0.5) await rebuildHouse(rig.urls, progress);
}

/** Rebuilds the house before reconciling has found the lost bookings: their seats must not become free. */
async function rebuildHouse([url = '']: readonly string[], progress: Scene['progress']): Promise<void> {
  const deadline = performance.now() + REBUILD_TIMEOUT_MS;
  for (;;) {
    const { ok, status } = await fetch(`${url}/admin/rebuild?eventId=${DEFAULT_EVENT}`, { method: 'POST' });
    if (ok) return progress('rebuilt the house from it at once');
    if (performance.now() > deadline) throw new Error(`rebuilding the house: ${status}`);
  }
}

/**
 * Settles seats in doubt as an operator does with `npm run settle-doubt`: ends bookings whose ends were lost, restores
 * those that clients were told, and frees seats that nobody was told or that were let go.
 */
export async function settleDoubts(stores: Stores): Promise<Settled> {
  const doubtsIn = createDoubtStore({ ...stores, redis: stores.redisShards });
  for (const booking of await doubtsIn.lostEnds(DEFAULT_EVENT)) await doubtsIn.end(booking, OPERATOR);
  const doubts = await doubtsIn.list(DEFAULT_EVENT);
  const labels = new Set(doubts.map(({ label }) => label));
  const told = new Map(doubts.flatMap((doubt) => (doubt.told ? [[doubt.told.id, doubt.told] as const] : [])));
  const restored = [...told.values()].filter(
    (booking) => hasSeats(booking, Date.now()) && booking.seats.every((s) => labels.has(s)),
  );
  for (const booking of restored) await doubtsIn.restore(booking, OPERATOR);
  const free = doubts
    .filter((doubt) => doubt.told === undefined || !hasSeats(doubt.told, Date.now()))
    .map(({ label }) => label);
  if (free.length > 0) await doubtsIn.free(DEFAULT_EVENT, free, OPERATOR);
  return { inDoubt: doubts.length, restored: restored.length };
}
