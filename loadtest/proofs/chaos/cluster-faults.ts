import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { shardOfEvent } from '../../../shared/domain/ticket-id.ts';
import { keysOf } from '../../../shared/stores/redis/keys.ts';
import { between } from '../../kit/random.ts';
import type { ChaosRig } from './rig.ts';
import type { Scene } from './scene.ts';

/*
 * Faults of a Redis cluster: a master that dies or is cut off, slots that move.
 */

/** The hash tags of the shard of the buyers' event, and of shard 0, which has what all shards share. */
const tagsInUse = ({ shards }: ChaosRig): string[] =>
  [shardOfEvent(DEFAULT_EVENT, shards), 0].map((shard) => keysOf(shard).tag);

/** Kills the masters of the shards in use, one after the other. A killed one comes back and follows its successor. */
export async function killMasters({ rig, random, progress }: Scene): Promise<void> {
  const { cluster } = rig;
  for (const tag of tagsInUse(rig)) {
    await sleep(between(random, 0, 1_500));
    const master = await cluster.masterOf(tag);
    progress(`kill -9 of the master of ${tag}`);
    await cluster.kill(master);
    await cluster.untilReplaced(master);
    await sleep(between(random, 0, 3_000));
    await cluster.restart(master);
    await cluster.untilWhole();
  }
}

/**
 * Cuts the master of the buyers' event off until its replica rules, and for a while longer. Then it goes on with the
 * commands that wait on its connections, as a master, until it learns that it has a successor.
 */
export async function cutOffMaster({ rig, random, progress }: Scene): Promise<void> {
  const { cluster } = rig;
  const [tag = ''] = tagsInUse(rig);
  const master = await cluster.masterOf(tag);
  progress(`SIGSTOP of the master of ${tag}`);
  cluster.freeze(master);
  await cluster.untilReplaced(master);
  await sleep(between(random, 0, 5_000));
  cluster.thaw(master);
  progress('SIGCONT: it has a successor');
  await cluster.untilWhole();
}

/** Moves the slots of the shards in use to other masters, one after the other. */
export async function moveSlots({ rig, random, progress }: Scene): Promise<void> {
  for (const tag of tagsInUse(rig)) {
    const how = await rig.cluster.moveSlotOf(tag, between(random, 500, 3_000));
    progress(`moved the slot of ${tag} to another master, ${how}`);
  }
}
