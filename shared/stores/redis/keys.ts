import { jobs, type QueueName } from '../../contract/jobs.ts';

const tagOf = (shard: number) => `{s${shard}}`;

/** The hash tag of each shard. It is the prefix of the shard's queues too. */
export const tagsOf = (shards: number): string[] => Array.from({ length: shards }, (_, shard) => tagOf(shard));

/**
 * Every Redis key of a shard, spelled here and nowhere else, all under the shard's hash tag and so in one slot of a
 * cluster. A stem is completed by what the comment beside it names.
 */
export function keysOf(shard: number) {
  const tag = tagOf(shard);
  const { waiting, active, delayed } = keysOfQueue(shard, jobs.book.queue);
  return {
    /** What BullMQ puts in front of its own keys. */
    tag,
    sequence: `${tag}:sequence`,
    settled: `${tag}:settled`,
    /** + ticket id */
    ticketStem: `${tag}:ticket:`,
    /** + digest of the idempotency key */
    idemStem: `${tag}:idem:`,
    /** + event */
    houseStem: `${tag}:house:`,
    /** + event:zone:row */
    seatsStem: `${tag}:seats:`,
    /** + event:zone:row */
    heldStem: `${tag}:held:`,
    /** + event:zone:row */
    blockedStem: `${tag}:blocked:`,
    /** + event:zone:row:seat */
    lockStem: `${tag}:lock:`,
    /** + event:count */
    fullStem: `${tag}:full:`,
    /** + event:count */
    neatStem: `${tag}:neat:`,
    /** + event */
    countsStem: `${tag}:counts:`,
    /** + event */
    buyersStem: `${tag}:buyers:`,
    /** + event:generation:user */
    lapsesStem: `${tag}:lapses:`,
    /** + event */
    changesStem: `${tag}:changes:`,
    /** + event */
    roomStem: `${tag}:room:`,
    /** + event */
    roomHistoryStem: `${tag}:room-history:`,
    /** + event */
    roomInsideStem: `${tag}:room-inside:`,
    /** + event:generation:chunk */
    roomTakenStem: `${tag}:room-taken:`,
    /** + event:generation:chunk */
    roomLeftStem: `${tag}:room-left:`,
    /** + event:generation:chunk */
    roomUsesStem: `${tag}:room-uses:`,
    /** + event:minute in which the challenges expire */
    roomSpentStem: `${tag}:room-spent:`,
    /** + event */
    suspectsStem: `${tag}:suspects:`,
    reconciled: `${tag}:reconciled`,
    /** How many worker processes there should be, who runs now, and which supervisor starts and stops them. */
    workers: `${tag}:workers`,
    workersAlive: `${tag}:workers:alive`,
    workersTurn: `${tag}:workers:turn`,
    supervisor: `${tag}:supervisor`,
    /** The last progress of queues and schedules, and the stalled loops of workers. */
    progress: `${tag}:progress`,
    workersStalled: `${tag}:workers:stalled`,
    /** Written as a probe: it shows that Redis takes writes. */
    probe: `${tag}:probe`,
    /** What became of tickets, counted by status and code. */
    outcomes: `${tag}:outcomes`,
    metricsTargets: `${tag}:metrics-targets`,
    /** + digest of an e-mail address */
    loginStem: `${tag}:login:`,
    /** + API node */
    channelStem: `${tag}:node:`,
    /** The channel on which API processes publish their counts of clients. */
    limitsChannel: `${tag}:limits`,
    /** BullMQ's own, of the booking queue; scripts read their lengths. */
    waiting,
    active,
    delayed,
  };
}

/** BullMQ's own keys of a queue, for who wants to see how long it is. `jobStem` + job id. */
export function keysOfQueue(shard: number, queue: QueueName) {
  const stem = `${tagOf(shard)}:${queue}:`;
  return {
    waiting: `${stem}wait`,
    active: `${stem}active`,
    delayed: `${stem}delayed`,
    failed: `${stem}failed`,
    meta: `${stem}meta`,
    /** Ours: jobs that no worker could read, by when they were set aside. */
    unreadable: `${stem}unreadable`,
    jobStem: stem,
  };
}

export type ShardKeys = ReturnType<typeof keysOf>;
