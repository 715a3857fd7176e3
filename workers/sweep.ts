import { type BatchJob, type BatchRequest, jobs } from '../shared/contract/jobs.ts';
import { doneOutcome, type TicketKind } from '../shared/contract/tickets.ts';
import { writeOutcome } from '../shared/domain/outcome-text.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { Queues } from '../shared/queues/open-queues.ts';
import type { JobQueue } from '../shared/queues/queue.ts';
import type { BookingStore } from '../shared/stores/postgres/bookings.ts';
import type { ReleaseStore } from '../shared/stores/postgres/releases.ts';
import type { TicketStore } from '../shared/stores/redis/tickets.ts';
import type { SeatStore } from '../shared/stores/seats.ts';
import { metrics } from '../shared/telemetry/metrics.ts';
import { createFreeUnsaved } from './unsaved-seats.ts';

/** Failed jobs of one queue that one sweep takes. */
const SWEEP_JOBS = 100;

type SweepDeps = {
  queues: Queues;
  bookings: BookingStore;
  releases: ReleaseStore;
  seats: SeatStore;
  tickets: TicketStore;
  log: Logger;
};

/**
 * Gives every ticket of a job that failed for good its outcome (I2). A batch is taken apart first: each of its requests
 * is enqueued in a job of its own, so that the faulty one fails alone (I11). Jobs that no worker could read are offered
 * again once they are due, and retries that a wrong clock holds back are made due. Any worker may sweep; a repeated
 * sweep changes nothing. A shard that fails holds up no other.
 *
 * @returns the function that sweeps once. It throws the first fault, after everything else is done
 */
export function createSweep(deps: SweepDeps) {
  const { queues, bookings, tickets, log } = deps;
  const freeUnsaved = createFreeUnsaved(deps);

  /** Settles a booking as failed and frees its seats, once PostgreSQL refuses to save it later. One may be saved. */
  async function settleBook(shard: number, request: BatchRequest<'book'>): Promise<void> {
    const booking = await bookings.giveUp(request);
    const { ticketId } = request;
    const outcome = writeOutcome(
      booking === undefined ? { kind: 'book', status: 'failed', code: 'INTERNAL' } : doneOutcome('book', booking),
    );
    const claimed = await tickets.claimOf(shard, ticketId);
    if (claimed !== undefined) await freeUnsaved({ ...claimed, ...request }, booking);
    await tickets.settle(shard, new Map([[ticketId, outcome]]));
  }

  /** Settles a change as failed. It may have been made all the same: its booking or its order has the truth. */
  const settleChange = (shard: number, { ticketId, kind = 'exchange' }: { ticketId: string; kind?: TicketKind }) =>
    tickets.settle(shard, new Map([[ticketId, writeOutcome({ kind, status: 'failed', code: 'INTERNAL' })]]));

  async function sweepJobs<Name extends BatchJob>(
    shard: number,
    queue: JobQueue,
    name: Name,
    settle: (request: BatchRequest<Name>) => Promise<unknown>,
  ): Promise<void> {
    for (const job of await queue.failed(SWEEP_JOBS)) {
      const isKnown = Object.hasOwn(jobs, job.name);
      if (isKnown && job.name !== name) continue; // an operator's job has no ticket, and its caller has its answer
      const parsed = jobs[name].payload.safeParse(job.data);
      if (!isKnown || !parsed.success) {
        log.error({ shard, job: job.name, fault: parsed.error?.message }, 'failed job cannot be read: set aside');
        await job.setAside();
        continue;
      }
      const requests = parsed.data.requests as BatchRequest<Name>[];
      const [first] = requests;
      log.error({ shard, job: name, requests: requests.length, reason: job.reason }, 'a job failed for good');
      if (requests.length === 1 && first !== undefined) {
        await settle(first);
        metrics.poison.inc({ job: name });
      } else
        for (const request of requests)
          await queue.add(name, { ...parsed.data, requests: [request] } as never, `${request.ticketId}-alone`);
      await job.remove();
    }
  }

  async function sweepShard(shard: number, { booking, control }: Queues[number]): Promise<void> {
    await sweepJobs(shard, booking, 'book', (request) => settleBook(shard, request));
    for (const name of ['change', 'exchange', 'order'] as const)
      await sweepJobs(shard, control, name, (request) => settleChange(shard, request));
    await booking.offerDue();
    await control.offerDue();
  }

  return async function sweep(): Promise<void> {
    const faults: unknown[] = [];
    for (const [shard, own] of queues.entries())
      await sweepShard(shard, own).catch((fault: unknown) => faults.push(fault));
    for (const fault of faults) throw fault;
  };
}
