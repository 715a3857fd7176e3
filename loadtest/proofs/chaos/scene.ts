import { Redis } from 'ioredis';
import type { Random } from '../../kit/random.ts';
import type { Ledger } from './ledger.ts';
import type { ChaosRig, PartName, Standby } from './rig.ts';

/** The objects of a fault: the system, numbers from the run's seed, the clients' answers, and reports of progress. */
export type Scene = { rig: ChaosRig; random: Random; ledger: Ledger; progress: (line: string) => void };

/** One way to break a system. */
export type Fault = {
  about: string;
  /** Redis loses data that it had confirmed: tickets without an outcome may be unknown afterwards. */
  mayForget?: true;
  /** PostgreSQL's data lies on a small disk of its own. */
  needsSmallDisk?: true;
  /** Redis is a cluster of three masters with a replica each. */
  onCluster?: true;
  /** Redis has a replica from the start, and requests wait for it. */
  waitsForReplica?: true;
  /** PostgreSQL has a standby from the start. One that is not synchronous loses commits when it is promoted. */
  standby?: Standby;
  /** Milliseconds after its end in which everything must work, where it is less than for other faults. */
  recoveryMs?: number;
  /** Milliseconds for which buyers go on after the recovery, where the fault has consequences that come late. */
  afterMs?: number;
  /** Whether the parts work again that only this fault breaks and clients do not see. */
  isOver?: (rig: ChaosRig) => Promise<boolean>;
  /** Breaks it, and resolves when everything outside Frontrow works again. */
  inject: (scene: Scene) => Promise<void>;
};

/** One of the two parts of a kind. */
export const randomPart = (random: Random, kind: 'api' | 'worker'): PartName => `${kind} ${random() < 0.5 ? 1 : 2}`;

/** Uses Redis, and waits while it is down: a half-done change of a queue would be a fault of the test. */
export async function withRedis<Result>(rig: ChaosRig, act: (redis: Redis) => Promise<Result>): Promise<Result> {
  const redis = new Redis(rig.redis.server().url, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined); // its commands report the fault
  try {
    return await act(redis);
  } finally {
    redis.disconnect();
  }
}
