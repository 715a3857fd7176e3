import type { JobPayload, JobResult, OperatorJob } from '../shared/contract/jobs.ts';
import { MAX_DIFFERENCES_LISTED } from '../shared/contract/limits.ts';
import { BLOCK_OWNER, seatOf } from '../shared/domain/house.ts';
import { metrics } from '../shared/platform/metrics.ts';
import type { AuditReport } from '../shared/stores/audit.ts';
import type { BlockStore } from '../shared/stores/blocks.ts';
import type { EventStore } from '../shared/stores/events.ts';
import type { RoomStore } from '../shared/stores/rooms.ts';
import type { SeatStore } from '../shared/stores/seats.ts';

type Operations = { [Name in OperatorJob]: (payload: JobPayload<Name>) => Promise<JobResult<Name>> };

/**
 * What operators ask for: first in PostgreSQL, then Redis is told. Each may be run again, after a worker died in between say,
 * without doing more.
 */
export function createOperations(deps: {
  events: EventStore;
  blocks: BlockStore;
  seats: SeatStore;
  rooms: RoomStore;
  audit: (eventId: number) => Promise<AuditReport>;
}): Operations {
  const { events, blocks, seats, rooms, audit } = deps;
  return {
    initialize: async ({ eventId }) => seats.report(await seats.open(eventId)),

    async clear({ eventId, generation }) {
      await events.clear(eventId, generation, rooms.end);
      if ((await rooms.find(eventId)) !== undefined) await rooms.open(eventId);
      return seats.report(await seats.reopen(eventId));
    },

    async createEvent({ eventId, event }) {
      await events.create(eventId, event);
      return seats.report(await seats.reopen(eventId));
    },

    async changeEvent({ eventId, change }) {
      await events.change(eventId, change);
      return seats.report(await seats.reopen(eventId));
    },

    async block({ eventId, seats: labels }) {
      const report = await blocks.block(eventId, labels);
      if (report.taken.length > 0) return report;
      const blocked = labels.map((label) => ({ ...seatOf(label), bookingId: BLOCK_OWNER, status: 'BLOCKED' as const }));
      await seats.mend(eventId, blocked);
      return report;
    },

    async unblock({ eventId, seats: labels }) {
      const report = await blocks.unblock(eventId, labels);
      await seats.release(eventId, [{ ticketId: BLOCK_OWNER, seats: labels }]);
      return report;
    },

    async changeRoom({ eventId, change }) {
      await rooms.change(eventId, change);
      return { generation: await rooms.open(eventId) };
    },

    async audit({ eventIds }) {
      const reports: JobResult<'audit'>['events'] = [];
      for (const eventId of eventIds) {
        const { differences, ...compared } = await audit(eventId);
        const listed = differences.slice(0, MAX_DIFFERENCES_LISTED).map(({ what, where }) => ({ what, where }));
        reports.push({ eventId, ...compared, differences: differences.length, listed });
      }
      metrics.auditDifferences.inc(reports.reduce((sum, { differences }) => sum + differences, 0));
      return { events: reports };
    },

    async rebuild({ eventIds }) {
      const reports: JobResult<'rebuild'>['events'] = [];
      for (const eventId of eventIds) reports.push(seats.report(await seats.rebuild(eventId)));
      return { events: reports };
    },
  };
}
