import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { hasSeats } from '../../../shared/domain/seat-doubt.ts';
import { createDoubtStore } from '../../../shared/stores/doubts.ts';
import { between } from '../../kit/random.ts';
import { cutOff, promote } from '../../kit/standby.ts';
import type { Stores } from '../../kit/stores.ts';
import type { Scene } from './scene.ts';

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
}

/**
 * Settles seats in doubt as an operator does with `npm run settle-doubt`: restores the bookings that clients were told,
 * and frees seats that nobody was told or that were let go.
 */
export async function settleDoubts(stores: Stores): Promise<Settled> {
  const doubtsIn = createDoubtStore(stores);
  const doubts = await doubtsIn.list(DEFAULT_EVENT);
  const labels = new Set(doubts.map(({ label }) => label));
  const told = new Map(doubts.flatMap((doubt) => (doubt.told ? [[doubt.told.id, doubt.told] as const] : [])));
  const restored = [...told.values()].filter(
    (booking) => hasSeats(booking) && booking.seats.every((s) => labels.has(s)),
  );
  for (const booking of restored) await doubtsIn.restore(booking, OPERATOR);
  const free = doubts.filter((doubt) => doubt.told === undefined || !hasSeats(doubt.told)).map(({ label }) => label);
  if (free.length > 0) await doubtsIn.free(DEFAULT_EVENT, free, OPERATOR);
  return { inDoubt: doubts.length, restored: restored.length };
}
