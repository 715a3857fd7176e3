import type { JobPayload, JobResult, OperatorJob } from '../shared/contract/jobs.ts';
import { MAX_DIFFERENCES_LISTED } from '../shared/contract/limits.ts';
import type { TrailAct } from '../shared/contract/trail.ts';
import { BLOCK_OWNER, seatOf } from '../shared/domain/house.ts';
import { isDataError } from '../shared/platform/faults.ts';
import type { Logger } from '../shared/platform/logger.ts';
import { jobRefused } from '../shared/queues/worker.ts';
import type { AuditReport } from '../shared/stores/audit.ts';
import { type BlockStore, SeatsTaken } from '../shared/stores/postgres/blocks.ts';
import type { EventStore } from '../shared/stores/postgres/events.ts';
import type { Act, TrailStore } from '../shared/stores/postgres/trail.ts';
import type { RoomStore } from '../shared/stores/redis/rooms.ts';
import type { SeatStore } from '../shared/stores/redis/seats.ts';
import { metrics } from '../shared/telemetry/metrics.ts';

type Operations = { [Name in OperatorJob]: (payload: JobPayload<Name>, jobId: string) => Promise<JobResult<Name>> };

/** A house of millions of seats takes a while to delete. */
const CLEAR_LIMITS = { timeout: 60_000, maxWait: 10_000 };

/**
 * Operators' jobs. PostgreSQL changes first, together with the act's entry in the audit trail and once for each job;
 * then Redis follows. So a job may be run again after a worker died in between.
 */
export function createOperations(deps: {
  events: EventStore;
  blocks: BlockStore;
  seats: SeatStore;
  rooms: RoomStore;
  trail: TrailStore;
  audit: (eventId: number) => Promise<AuditReport>;
  log: Logger;
}): Operations {
  const { events, blocks, seats, rooms, trail, audit, log } = deps;

  const actOf = (act: TrailAct & OperatorJob, id: string, { by, eventId }: Pick<Act, 'by' | 'eventId'>): Act => ({
    ...{ id, act, by, eventId },
  });

  const operations: Operations = {
    async initialize(payload, jobId) {
      await trail.write(actOf('initialize', jobId, payload));
      return seats.report(await seats.open(payload.eventId));
    },

    async clear({ generation, ...payload }, jobId) {
      const { eventId } = payload;
      const clear = async (transaction: Parameters<typeof rooms.end>[1]) => {
        const deleted = await events.clear(eventId, generation, transaction);
        if (deleted === undefined) return undefined;
        await rooms.end(eventId, transaction);
        return { before: { generation, ...deleted }, after: { generation: generation + 1, bookings: 0, seats: 0 } };
      };
      await trail.once(actOf('clear', jobId, payload), clear, CLEAR_LIMITS);
      if ((await rooms.find(eventId)) !== undefined) await rooms.open(eventId);
      return seats.report(await seats.reopen(eventId));
    },

    async createEvent({ event, ...payload }, jobId) {
      const { eventId } = payload;
      await trail.once(actOf('createEvent', jobId, payload), async (transaction) => {
        await events.create(eventId, event, transaction);
        return { after: { ...event, zones: event.zones.length } };
      });
      return seats.report(await seats.reopen(eventId));
    },

    async changeEvent({ change, ...payload }, jobId) {
      const { eventId } = payload;
      await trail.once(actOf('changeEvent', jobId, payload), async (transaction) => {
        return { before: await events.change(eventId, change, transaction), after: change };
      });
      const house = await seats.reopen(eventId);
      if (change.onSaleAt !== undefined) await rooms.takeTurnsBack(eventId);
      return seats.report(house);
    },

    async block({ seats: labels, ...payload }, jobId) {
      const { eventId } = payload;
      try {
        const done = await trail.once(actOf('block', jobId, payload), async (transaction) => {
          return { after: { changed: await blocks.block(eventId, labels, transaction), seats: labels } };
        });
        const blocked = labels.map((label) => ({
          ...{ ...seatOf(label), bookingId: BLOCK_OWNER, status: 'BLOCKED' as const },
        }));
        await seats.mend(eventId, blocked);
        return { changed: done?.changed ?? 0, taken: [] };
      } catch (fault) {
        if (fault instanceof SeatsTaken) return { changed: 0, taken: fault.labels };
        throw fault;
      }
    },

    async unblock({ seats: labels, ...payload }, jobId) {
      const { eventId } = payload;
      const done = await trail.once(actOf('unblock', jobId, payload), async (transaction) => {
        return { after: { changed: await blocks.unblock(eventId, labels, transaction), seats: labels } };
      });
      await seats.release(eventId, [{ ticketId: BLOCK_OWNER, seats: labels }]);
      return { changed: done?.changed ?? 0, taken: [] };
    },

    async changeRoom({ change, ...payload }, jobId) {
      const { eventId } = payload;
      await trail.once(actOf('changeRoom', jobId, payload), async (transaction) => {
        const before = await rooms.change(eventId, change, transaction);
        // without a change it is only read
        return Object.keys(change).length === 0 ? undefined : { before, after: change };
      });
      return { generation: await rooms.open(eventId) };
    },

    async audit({ eventIds, by }, jobId) {
      await trail.write(actOf('audit', jobId, { by }), { after: { eventIds } });
      const reports: JobResult<'audit'>['events'] = [];
      for (const eventId of eventIds) {
        const { differences, ...compared } = await audit(eventId);
        const listed = differences.slice(0, MAX_DIFFERENCES_LISTED).map(({ what, where }) => ({ what, where }));
        reports.push({ eventId, ...compared, differences: differences.length, listed });
      }
      metrics.auditDifferences.inc(reports.reduce((sum, { differences }) => sum + differences, 0));
      return { events: reports };
    },

    async rebuild({ eventIds, by }, jobId) {
      await trail.write(actOf('rebuild', jobId, { by }), { after: { eventIds } });
      const reports: JobResult<'rebuild'>['events'] = [];
      for (const eventId of eventIds) reports.push(seats.report(await seats.rebuild(eventId)));
      return { events: reports };
    },
  };
  return refusingBadData(operations, log);
}

/** A job that PostgreSQL refuses for its data would be refused again each time (I11): it fails at once. */
function refusingBadData(operations: Operations, log: Logger): Operations {
  const refusing =
    (name: string, operate: (payload: never, jobId: string) => Promise<unknown>) =>
    async (payload: never, jobId: string) => {
      try {
        return await operate(payload, jobId);
      } catch (fault) {
        if (!isDataError(fault)) throw fault;
        log.error({ err: fault, job: name, jobId }, "PostgreSQL refused the data of an operator's job");
        throw jobRefused('INVALID_REQUEST');
      }
    };
  return Object.fromEntries(
    Object.entries(operations).map(([name, operate]) => [name, refusing(name, operate)]),
  ) as Operations;
}
