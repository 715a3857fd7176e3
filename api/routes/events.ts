import { once } from 'node:events';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { minorUnits } from '../../shared/contract/currencies.ts';
import {
  blockBody,
  clearBody,
  type EventChange,
  type EventSettings,
  type EventSummary,
  type EventView,
  eventChange,
  newEvent,
} from '../../shared/contract/events.ts';
import { DEFAULT_EVENT, inAddress, MAX_INTEGER } from '../../shared/contract/ids.ts';
import {
  MAX_EVENTS_ON_PAGE,
  MAX_HOUSE_BYTES,
  MAX_OPERATOR_BODY_BYTES,
  MAX_SEATS_INCLUDED,
} from '../../shared/contract/limits.ts';
import { printedLabels } from '../../shared/domain/describe-seat.ts';
import { eventSummaryAt, type ListedEvent } from '../../shared/domain/event-summary.ts';
import { eventViewAt } from '../../shared/domain/event-view.ts';
import { type House, ringsProblem, unknownSeatProblem } from '../../shared/domain/house.ts';
import { changedHouse } from '../../shared/domain/house-changes.ts';
import { columnsOfHouse, type HouseColumns, houseColumns, problemOr } from '../../shared/domain/house-columns.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { SeatStore } from '../../shared/stores/seats.ts';
import { OPERATOR } from '../auth/identity.ts';
import { actorOf, type OperatorGuard } from '../auth/operators.ts';
import { readJson, readOptionalJson, refuseBody } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { queryOf, refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { pathOf } from '../http/request.ts';
import { parse } from '../http/validation.ts';
import type { HeavyReads } from '../limits/heavy-reads.ts';
import type { RunOperatorJob } from '../operations/operator-jobs.ts';
import { seatsAsJson, type WholeHouses } from '../realtime/whole-houses.ts';
import { idempotencyOf } from '../tickets/idempotency.ts';
import { houseOf, requireSeats } from './event-layout.ts';
import { showPlan } from './event-plan.ts';

/** Milliseconds in which a client has to receive a list of seats. Other reads of its address may wait for it. */
const MAX_LIST_MS = 60_000;

export const listQuery = z.strictObject({
  after: inAddress(z.int().min(0).max(MAX_INTEGER)).default(0),
  limit: inAddress(z.int().min(1).max(MAX_EVENTS_ON_PAGE)).default(MAX_EVENTS_ON_PAGE),
});
export const showQuery = z.strictObject({ include: z.literal('seats').optional() });

type EventDeps = {
  events: EventStore;
  seats: SeatStore;
  houses: WholeHouses;
  heavyReads: HeavyReads;
  runOperatorJob: RunOperatorJob;
  requireOperator: OperatorGuard;
};

/** `/api/events`: events with their counts. Operators create and change them, and block and unblock seats. */
export function eventRoutes(deps: EventDeps) {
  const router = Router();
  router.get('/', listEvents(deps));
  router.post('/', createEvent(deps));
  router.get('/:id', showEvent(deps));
  router.get('/:id/plan', showPlan(deps));
  router.patch('/:id', changeEvent(deps));
  router.delete('/:id', deleteEvent(deps));
  router.post('/:id/cancel', cancelEvent(deps));
  router.delete('/:id/bookings', clearEvent(deps));
  router.post('/:id/block', changeBlock('block', deps));
  router.post('/:id/unblock', changeBlock('unblock', deps));
  return router;
}

const listEvents =
  ({ events, heavyReads }: EventDeps) =>
  async (req: Request, res: Response) => {
    const { after, limit } = queryOf(req, listQuery);
    heavyReads.charge(req, res, 1);
    const page = await events.list(after, limit);
    const last = page.at(-1);
    const next = page.length === limit && last ? `/api/events?after=${last.eventId}&limit=${limit}` : undefined;
    reply(res, 200, { events: page.map(summaryOf), next });
  };

const showEvent = (deps: EventDeps) => async (req: Request, res: Response) => {
  const { heavyReads } = deps;
  const { include } = queryOf(req, showQuery);
  heavyReads.charge(req, res, 1);
  const house = await houseOf(req, deps.events);
  const cost = Math.floor(house.zones.length / 100);
  if (include === undefined) {
    heavyReads.charge(req, res, cost);
    return reply(res, 200, await viewOf(house, deps));
  }
  const seats = house.zones.reduce((sum, zone) => sum + (zone.isArea ? 0 : zone.capacity), 0);
  if (seats > MAX_SEATS_INCLUDED) {
    const instead = `/api/seats/available?eventId=${house.eventId} has pages, /api/seats/map is compact.`;
    throw new ApiError('INVALID_REQUEST', `include: the event has more than ${MAX_SEATS_INCLUDED} seats; ${instead}`);
  }
  const costOfSeats = Math.floor(seats / 1000);
  await heavyReads.inTurn(req, res, cost + costOfSeats, (waitOutside) => replyWithSeats(deps, res, house, waitOutside));
};

/** Writes the seats in chunks, as fast as the client receives them: the whole list would be megabytes at once. */
async function replyWithSeats(
  deps: EventDeps,
  res: Response,
  house: House,
  waitOutside: (wait: Promise<unknown>) => Promise<void>,
): Promise<void> {
  const tooSlow = setTimeout(() => res.destroy(), MAX_LIST_MS);
  try {
    const closed = once(res, 'close');
    const whole = await deps.houses.at(house, await deps.seats.version(house.eventId));
    const view = JSON.stringify(await viewOf(house, deps));
    res.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
    res.write(`${view.slice(0, -1)},"seats":[`);
    for await (const text of seatsAsJson(whole)) {
      if (!res.write(text)) await waitOutside(Promise.race([once(res, 'drain'), closed]));
      if (res.destroyed) return;
    }
    res.end(']}');
  } finally {
    clearTimeout(tooSlow);
  }
}

const createEvent = (deps: EventDeps) => async (req: Request, res: Response) => {
  const { events, runOperatorJob, requireOperator } = deps;
  const by = actorOf(req, requireOperator(req));
  refuseQuery(req);
  const body = await readJson(req, MAX_HOUSE_BYTES);
  const event = parse(newEvent, body);
  const { zones } = requirePossible(() => houseColumns(event));
  requireConsistent({ holdSeconds: 600, maxHoldSeconds: 1_800, ...event }, zones.length);
  const idempotency = idempotencyOf(req, '/api/events', body, OPERATOR);
  const { eventId: id } = await runOperatorJob(
    'createEvent',
    { eventId: await events.nextId(), event, by },
    idempotency,
  );
  const house = await events.readHouse(id);
  if (house === undefined) throw new ApiError('INTERNAL');
  reply(res, 201, await viewOf(house, deps), { location: `/api/events/${id}` });
};

const changeEvent = (deps: EventDeps) => async (req: Request, res: Response) => {
  const by = actorOf(req, deps.requireOperator(req));
  refuseQuery(req);
  const change = parse(eventChange, await readJson(req, MAX_HOUSE_BYTES));
  const house = await houseOf(req, deps.events);
  requirePriceable(house, change);
  const { zones } = requirePossible(() => changedHouse(columnsOfHouse(house), change));
  requireConsistent({ ...house.settings, ...change }, zones.length);
  if (house.cancelledAt !== null) throw new ApiError('EVENT_ENDED', 'A cancelled event stays cancelled.');
  const { taken = [] } = await deps.runOperatorJob('changeEvent', { eventId: house.eventId, change, by });
  requireNoneTaken(house, taken);
  await replyChanged(deps, res, house);
};

const cancelEvent = (deps: EventDeps) => async (req: Request, res: Response) => {
  const by = actorOf(req, deps.requireOperator(req));
  refuseQuery(req);
  await refuseBody(req);
  const house = await houseOf(req, deps.events);
  await deps.runOperatorJob('cancelEvent', { eventId: house.eventId, by });
  await replyChanged(deps, res, house);
};

const deleteEvent = (deps: EventDeps) => async (req: Request, res: Response) => {
  const by = actorOf(req, deps.requireOperator(req));
  refuseQuery(req);
  await refuseBody(req);
  const { eventId: id } = await houseOf(req, deps.events);
  if (id === DEFAULT_EVENT) throw new ApiError('INVALID_REQUEST', `id: event ${DEFAULT_EVENT} cannot be deleted`);
  await deps.runOperatorJob('deleteEvent', { eventId: id, by });
  res.status(204).end();
};

const clearEvent = (deps: EventDeps) => async (req: Request, res: Response) => {
  const by = actorOf(req, deps.requireOperator(req));
  refuseQuery(req);
  const body = await readOptionalJson(req); // so that the refusal of a missing body names the field and the sentence
  const house = await houseOf(req, deps.events);
  const { eventId: id, generation } = house;
  parse(clearBody(id), body);
  await deps.runOperatorJob('clear', { eventId: id, generation, by }, idempotencyOf(req, pathOf(req), body, OPERATOR));
  await replyChanged(deps, res, house);
};

const changeBlock = (job: 'block' | 'unblock', deps: EventDeps) => async (req: Request, res: Response) => {
  const by = actorOf(req, deps.requireOperator(req));
  refuseQuery(req);
  const body = await readJson(req, MAX_OPERATOR_BODY_BYTES);
  const { seats: labels } = parse(blockBody, body);
  const house = await houseOf(req, deps.events);
  requireSeats(house);
  const unknown = unknownSeatProblem(house, labels);
  if (unknown !== undefined) throw new ApiError('INVALID_REQUEST', unknown);
  const request = { eventId: house.eventId, seats: [...new Set(labels)], by };
  const { changed, taken } = await deps.runOperatorJob(job, request, idempotencyOf(req, pathOf(req), body, OPERATOR));
  requireNoneTaken(house, taken);
  reply(res, 200, { eventId: house.eventId, changed });
};

/** @throws ApiError SEAT_TAKEN where there are seats, which it names */
function requireNoneTaken(house: House, seats: readonly string[]): void {
  if (seats.length > 0) throw new ApiError('SEAT_TAKEN', undefined, { seats, labels: printedLabels(house, seats) });
}

/** @throws ApiError INVALID_REQUEST where the house that `build` makes contradicts itself */
function requirePossible(build: () => HouseColumns): HouseColumns {
  const built = problemOr(build);
  if ('problem' in built) throw new ApiError('INVALID_REQUEST', built.problem);
  return built.result;
}

/** @throws ApiError INVALID_REQUEST for prices in a currency of an earlier version of which no minor unit is known */
function requirePriceable({ currency }: House, { categories, zones, newZones }: EventChange): void {
  if (minorUnits.has(currency)) return;
  for (const [list, items] of Object.entries({ categories, zones, newZones })) {
    const i = (items ?? []).findIndex(({ price }) => price !== undefined);
    if (i !== -1) throw new ApiError('INVALID_REQUEST', `${list}.${i}.price: ${currency} has no minor unit`);
  }
}

/** @throws ApiError INVALID_REQUEST where settings contradict each other or the number of zones */
function requireConsistent(event: Pick<EventChange, keyof EventSettings>, zones: number): void {
  const { holdSeconds, maxHoldSeconds, rings, startsAt, endsAt } = event;
  if (startsAt && endsAt && Date.parse(endsAt) <= Date.parse(startsAt))
    throw new ApiError('INVALID_REQUEST', 'endsAt: later than startsAt');
  if (holdSeconds !== undefined && maxHoldSeconds !== undefined && maxHoldSeconds < holdSeconds)
    throw new ApiError('INVALID_REQUEST', 'maxHoldSeconds: not less than holdSeconds');
  const problem = rings ? ringsProblem(zones, rings) : undefined;
  if (problem !== undefined) throw new ApiError('INVALID_REQUEST', problem);
}

/** Answers with the event as it is after a change. */
async function replyChanged(deps: EventDeps, res: Response, house: House): Promise<void> {
  reply(res, 200, await viewOf((await deps.events.readHouse(house.eventId)) ?? house, deps));
}

const viewOf = async (house: House, { seats }: EventDeps): Promise<EventView> =>
  eventViewAt(sharedNowMs(), house, await seats.countsByZone(house));

const summaryOf = (event: ListedEvent): EventSummary => eventSummaryAt(sharedNowMs(), event);
