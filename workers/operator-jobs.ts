import type { JobPayload, JobResult, OperatorJob } from '../shared/contract/jobs.ts';
import { MAX_DIFFERENCES_LISTED } from '../shared/contract/limits.ts';
import type { TrailAct } from '../shared/contract/trail.ts';
import { labelOf } from '../shared/domain/house.ts';
import { HouseProblem } from '../shared/domain/house-columns.ts';
import { RoomProblem } from '../shared/domain/room-problem.ts';
import { isDataError } from '../shared/platform/faults.ts';
import type { Logger } from '../shared/platform/logger.ts';
import { jobRefused } from '../shared/queues/worker.ts';
import type { AuditReport } from '../shared/stores/audit.ts';
import { type BlockStore, SeatsTaken } from '../shared/stores/postgres/blocks.ts';
import type { BookingStore } from '../shared/stores/postgres/bookings.ts';
import type { Database } from '../shared/stores/postgres/event-rows.ts';
import type { EventStore } from '../shared/stores/postgres/events.ts';
import { sellBlocked } from '../shared/stores/postgres/sell-blocked.ts';
import type { Act, TrailStore } from '../shared/stores/postgres/trail.ts';
import type { RoomStore } from '../shared/stores/rooms.ts';
import type { SeatStore } from '../shared/stores/seats.ts';
import { metrics } from '../shared/telemetry/metrics.ts';

type OperatorDeps = {
  bookings: Pick<BookingStore, 'owners'>;
  events: EventStore;
  blocks: BlockStore;
  seats: SeatStore;
  rooms: RoomStore;
  trail: TrailStore;
  audit: (eventId: number) => Promise<AuditReport>;
};

type Operation<Name extends OperatorJob> = (
  deps: OperatorDeps,
  payload: JobPayload<Name>,
  jobId: string,
) => Promise<JobResult<Name>>;

type OperatorHandlers = {
  [Name in OperatorJob]: (payload: JobPayload<Name>, jobId: string) => Promise<JobResult<Name>>;
};

/** Milliseconds to delete the bookings of an event: 65,000 seats take some seconds, millions take minutes. */
const CLEAR_LIMITS = { timeout: 600_000, maxWait: 10_000 };

/** Milliseconds to write a house: one of 2,000 zones and 200,000 rows takes some seconds. */
const HOUSE_LIMITS = { timeout: 60_000, maxWait: 10_000 };

/**
 * The handlers of operators' jobs. PostgreSQL changes first, in one transaction with the act's entry in the audit trail
 * and once for each job; then Redis follows. So a job may be run again after a worker died in between.
 */
export function createOperatorJobs({ log, ...deps }: OperatorDeps & { log: Logger }): OperatorHandlers {
  const bind =
    (name: string, operate: (deps: OperatorDeps, payload: never, jobId: string) => Promise<unknown>) =>
    (payload: never, jobId: string) =>
      operate(deps, payload, jobId).catch((fault: unknown) => {
        // Another change, since the API accepted this one, is why it is not possible any more.
        if (fault instanceof HouseProblem || fault instanceof RoomProblem) throw jobRefused('INVALID_REQUEST');
        if (!isDataError(fault)) throw fault;
        // PostgreSQL would refuse the same data each time (I11), so the job fails at once.
        log.error({ err: fault, job: name, jobId }, "PostgreSQL refused the data of an operator's job");
        throw jobRefused('INVALID_REQUEST');
      });
  return Object.fromEntries(
    Object.entries(operations).map(([name, operate]) => [name, bind(name, operate)]),
  ) as OperatorHandlers;
}

/** The entry of the audit trail for a job. */
const actOf = (act: TrailAct & OperatorJob, id: string, { by, eventId }: Pick<Act, 'by' | 'eventId'>): Act => {
  return { id, act, by, eventId };
};

/** @throws a refusal where an event has ended: its seats and bookings are a record, and its house stays closed */
async function requireRunning(events: EventStore, eventId: number, database?: Database): Promise<void> {
  if (await events.hasEnded(eventId, database)) throw jobRefused('EVENT_ENDED');
}

const initialize: Operation<'initialize'> = async ({ events, trail, seats }, payload, jobId) => {
  await requireRunning(events, payload.eventId);
  await trail.write(actOf('initialize', jobId, payload));
  return seats.report(await seats.open(payload.eventId));
};

const clear: Operation<'clear'> = async ({ events, rooms, trail, seats }, { generation, ...payload }, jobId) => {
  const { eventId } = payload;
  const deleteBookings = async (transaction: Parameters<typeof rooms.end>[1]) => {
    await requireRunning(events, eventId, transaction);
    const deleted = await events.clear(eventId, generation, transaction);
    if (deleted === undefined) return undefined;
    await rooms.end(eventId, transaction);
    return { before: { generation, ...deleted }, after: { generation: generation + 1, bookings: 0, seats: 0 } };
  };
  await trail.once(actOf('clear', jobId, payload), deleteBookings, CLEAR_LIMITS);
  if ((await rooms.find(eventId)) !== undefined) await rooms.open(eventId);
  return seats.report(await seats.reopen(eventId));
};

const createEvent: Operation<'createEvent'> = async ({ events, trail, seats }, { event, ...payload }, jobId) => {
  const { eventId } = payload;
  await trail.once(
    actOf('createEvent', jobId, payload),
    async (transaction) => {
      await events.create(eventId, event, transaction);
      return { after: { ...event, zones: event.zones.length, seats: event.seats?.length } };
    },
    HOUSE_LIMITS,
  );
  return seats.report(await seats.reopen(eventId));
};

const changeEvent: Operation<'changeEvent'> = async (
  { events, rooms, trail, seats },
  { change, ...payload },
  jobId,
) => {
  const { eventId } = payload;
  try {
    await trail.once(
      actOf('changeEvent', jobId, payload),
      async (transaction) => ({
        before: await events.change(eventId, change, transaction),
        after: summaryOfChange(change),
      }),
      HOUSE_LIMITS,
    );
  } catch (fault) {
    if (!(fault instanceof SeatsTaken)) throw fault;
    return { eventId, rows: 0, seats: 0, taken: fault.labels };
  }
  const house = await seats.reopen(eventId);
  if (change.onSaleAt !== undefined) await rooms.deleteRunningTurns(eventId);
  return seats.report(house);
};

/** A change for the trail: with the number of rows instead of the rows, and of entries about seats. */
const summaryOfChange = ({ zones, newZones, seats, ...change }: JobPayload<'changeEvent'>['change']) => {
  const rowsOf = <Fields extends { rows?: number | object[] | undefined }>(zone: Fields) => {
    return { ...zone, rows: Array.isArray(zone.rows) ? zone.rows.length : zone.rows };
  };
  return { ...change, zones: zones?.map(rowsOf), newZones: newZones?.map(rowsOf), seats: seats?.length };
};

const cancelEvent: Operation<'cancelEvent'> = async ({ events, trail, seats }, payload, jobId) => {
  const { eventId } = payload;
  await trail.once(actOf('cancelEvent', jobId, payload), async (transaction) => {
    const cancelledAt = await events.cancel(eventId, transaction);
    return cancelledAt && { after: { cancelledAt } };
  });
  return seats.report(await seats.reopen(eventId)); // which closes the house
};

/** Cancels an event without bookings, so that none appears, takes its keys out of Redis, and then deletes it. */
const deleteEvent: Operation<'deleteEvent'> = async ({ events, trail, seats }, payload, jobId) => {
  const { eventId } = payload;
  if (!(await events.cancelUnbooked(eventId))) throw jobRefused('EVENT_BOOKED');
  await seats.close(eventId);
  await trail.once(actOf('deleteEvent', jobId, payload), async (transaction) => {
    await events.delete(eventId, transaction);
    return { after: {} };
  });
  return {};
};

/** Blocks seats in PostgreSQL; then Redis takes those that are blocked still: another job may have unblocked them. */
const block: Operation<'block'> = async (deps, { seats: labels, ...payload }, jobId) => {
  const { events, blocks, bookings, trail, seats } = deps;
  const { eventId } = payload;
  try {
    const done = await trail.once(actOf('block', jobId, payload), async (transaction) => {
      await requireRunning(events, eventId, transaction);
      return { after: { changed: await blocks.block(eventId, labels, transaction), seats: labels } };
    });
    await seats.mend(
      eventId,
      (await bookings.owners(eventId, labels)).filter(({ status }) => status === 'BLOCKED'),
    );
    return { changed: done?.changed ?? 0, taken: [] };
  } catch (fault) {
    if (fault instanceof SeatsTaken) return { changed: 0, taken: fault.labels };
    throw fault;
  }
};

/** Unblocks seats in PostgreSQL; then Redis frees those without an owner there: not those in doubt or blocked again. */
const unblock: Operation<'unblock'> = async (deps, { seats: labels, ...payload }, jobId) => {
  const { events, blocks, bookings, trail, seats } = deps;
  const { eventId } = payload;
  const done = await trail.once(actOf('unblock', jobId, payload), async (transaction) => {
    await requireRunning(events, eventId, transaction);
    return { after: { changed: await blocks.unblock(eventId, labels, transaction), seats: labels } };
  });
  const owned = new Set((await bookings.owners(eventId, labels)).map(labelOf));
  await seats.unblock(
    eventId,
    labels.filter((label) => !owned.has(label)),
  );
  return { changed: done?.changed ?? 0, taken: [] };
};

/** Sells blocked seats in PostgreSQL; then Redis takes those of them that the booking still has. */
const sellBlockedSeats: Operation<'sellBlocked'> = async (deps, { by, ...sale }, jobId) => {
  const { events, trail, seats, bookings } = deps;
  const { eventId, userId } = sale;
  await trail.once(actOf('sellBlocked', jobId, { by, eventId }), async (transaction) => {
    await requireRunning(events, eventId, transaction);
    const refusal = await sellBlocked({ id: jobId, ...sale }, transaction);
    if (refusal !== undefined) throw jobRefused(refusal === 'no such user' ? 'USER_UNKNOWN' : 'SEAT_NOT_BLOCKED');
    return { after: { bookingId: jobId, ...sale } };
  });
  const sold = (await bookings.owners(eventId, sale.seats)).filter(({ owner }) => owner === jobId);
  await seats.mend(eventId, sold);
  await seats.count(eventId, { ticketId: jobId, userId, seats: sold.length });
  return { bookingId: jobId };
};

const changeRoom: Operation<'changeRoom'> = async ({ events, rooms, trail }, { change, ...payload }, jobId) => {
  const { eventId } = payload;
  const isRead = Object.keys(change).length === 0; // without a change the room is only read
  if (!isRead) await requireRunning(events, eventId);
  await trail.once(actOf('changeRoom', jobId, payload), async (transaction) => {
    const before = await rooms.change(eventId, change, transaction);
    return isRead ? undefined : { before, after: change };
  });
  return { generation: await rooms.open(eventId) };
};

const audit: Operation<'audit'> = async (deps, { eventIds, by }, jobId) => {
  await deps.trail.write(actOf('audit', jobId, { by }), { after: { eventIds } });
  const reports: JobResult<'audit'>['events'] = [];
  for (const eventId of eventIds) {
    const { differences, ...compared } = await deps.audit(eventId);
    const listed = differences.slice(0, MAX_DIFFERENCES_LISTED).map(({ what, where }) => ({ what, where }));
    reports.push({ eventId, ...compared, differences: differences.length, listed });
  }
  metrics.auditDifferences.inc(reports.reduce((sum, { differences }) => sum + differences, 0));
  return { events: reports };
};

const rebuild: Operation<'rebuild'> = async ({ trail, seats }, { eventIds, by }, jobId) => {
  await trail.write(actOf('rebuild', jobId, { by }), { after: { eventIds } });
  const reports: JobResult<'rebuild'>['events'] = [];
  for (const eventId of eventIds) reports.push(seats.report(await seats.rebuild(eventId)));
  return { events: reports };
};

const operations: { [Name in OperatorJob]: Operation<Name> } = {
  initialize,
  clear,
  createEvent,
  changeEvent,
  cancelEvent,
  deleteEvent,
  block,
  unblock,
  sellBlocked: sellBlockedSeats,
  changeRoom,
  audit,
  rebuild,
};
