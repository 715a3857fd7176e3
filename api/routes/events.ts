import { once } from 'node:events';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import {
  blockBody,
  clearBody,
  type EventChange,
  type EventSummary,
  type EventView,
  eventChange,
  newEvent,
  type SeatCounts,
} from '../../shared/contract/events.ts';
import { eventId, inAddress, MAX_INTEGER } from '../../shared/contract/ids.ts';
import { MAX_EVENTS_ON_PAGE, MAX_OPERATOR_BODY_BYTES, MAX_SEATS_INCLUDED } from '../../shared/contract/limits.ts';
import { type House, strangeRings, strangeSeat } from '../../shared/domain/house.ts';
import type { EventStore, ListedEvent } from '../../shared/stores/postgres/events.ts';
import type { SeatStore } from '../../shared/stores/redis/seats.ts';
import { OPERATOR } from '../auth/identity.ts';
import { actorOf, type OperatorGuard } from '../auth/operators.ts';
import { readJson, readOptionalJson } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { queryOf, refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { pathOf } from '../http/request.ts';
import { parse } from '../http/validation.ts';
import type { HeavyReads } from '../limits/heavy-reads.ts';
import type { Control } from '../operations/operator-jobs.ts';
import { seatsAsJson, type WholeHouses } from '../realtime/whole-houses.ts';
import { idempotencyOf } from '../tickets/intake.ts';

/** Milliseconds in which a client has to read a list of seats: others of its address wait for it meanwhile. */
const MAX_LIST_MS = 60_000;

const eventParams = z.object({ id: inAddress(eventId) });
export const listQuery = z.strictObject({
  after: inAddress(z.int().min(0).max(MAX_INTEGER)).default(0),
  limit: inAddress(z.int().min(1).max(MAX_EVENTS_ON_PAGE)).default(MAX_EVENTS_ON_PAGE),
});
export const showQuery = z.strictObject({ include: z.literal('seats').optional() });

/** Events: what is on sale, with counts; operators create and change them, block and unblock seats. */
export function eventRoutes(deps: {
  events: EventStore;
  seats: SeatStore;
  houses: WholeHouses;
  heavyReads: HeavyReads;
  control: Control;
  requireOperator: OperatorGuard;
}) {
  const { events, seats, houses, heavyReads, control, requireOperator } = deps;

  async function houseOf(req: Request): Promise<House> {
    const params = eventParams.safeParse(req.params);
    const house = params.success ? await events.readHouse(params.data.id) : undefined;
    if (house === undefined) throw new ApiError('EVENT_UNKNOWN');
    return house;
  }

  async function list(req: Request, res: Response): Promise<void> {
    const { after, limit } = queryOf(req, listQuery);
    heavyReads.charge(req, res, 1);
    const page = await events.list(after, limit);
    const last = page.at(-1);
    const next = page.length === limit && last ? `/api/events?after=${last.eventId}&limit=${limit}` : undefined;
    reply(res, 200, { events: page.map(summaryOf), next });
  }

  async function show(req: Request, res: Response): Promise<void> {
    const { include } = queryOf(req, showQuery);
    heavyReads.charge(req, res, 1);
    const house = await houseOf(req);
    const cost = Math.floor(house.zones.length / 100);
    if (include === undefined) {
      heavyReads.charge(req, res, cost);
      return reply(res, 200, await viewOf(house));
    }
    if (house.totalSeats > MAX_SEATS_INCLUDED) {
      const instead = `/api/seats/available?eventId=${house.eventId} has pages, /api/seats/map is compact.`;
      throw new ApiError('INVALID_REQUEST', `include: the event has more than ${MAX_SEATS_INCLUDED} seats; ${instead}`);
    }
    const ofSeats = Math.floor(house.totalSeats / 1000);
    await heavyReads.inTurn(req, res, cost + ofSeats, (outside) => replyWithSeats(res, house, outside));
  }

  async function viewOf(house: House): Promise<EventView> {
    const counts = await seats.countsByZone(house);
    const none: SeatCounts = { total: 0, available: 0, held: 0, sold: 0, blocked: 0 };
    const zones = house.zones.map(({ number, rows, seatsPerRow, price }) => {
      return { zone: number, rows, seatsPerRow, price, counts: counts.get(number) ?? none };
    });
    const sum = zones.reduce((total, { counts: zone }) => add(total, zone), none);
    return { ...summaryOf(house), rings: house.settings.rings, counts: sum, zones };
  }

  /** Writes the seats in chunks, as fast as the client reads: the whole list would be megabytes at once. */
  async function replyWithSeats(
    res: Response,
    house: House,
    outside: (wait: Promise<unknown>) => Promise<void>,
  ): Promise<void> {
    const tooSlow = setTimeout(() => res.destroy(), MAX_LIST_MS);
    try {
      const gone = once(res, 'close');
      const whole = await houses.at(house, await seats.version(house.eventId));
      const view = JSON.stringify(await viewOf(house));
      res.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
      res.write(`${view.slice(0, -1)},"seats":[`);
      for await (const text of seatsAsJson(whole)) {
        if (!res.write(text)) await outside(Promise.race([once(res, 'drain'), gone]));
        if (res.destroyed) return;
      }
      res.end(']}');
    } finally {
      clearTimeout(tooSlow);
    }
  }

  async function create(req: Request, res: Response): Promise<void> {
    const by = actorOf(req, requireOperator(req));
    refuseQuery(req);
    const body = await readJson(req, MAX_OPERATOR_BODY_BYTES);
    const event = parse(newEvent, body);
    requireSense({ holdSeconds: 600, maxHoldSeconds: 1_800, ...event }, event.zones.length);
    const idempotency = idempotencyOf(req, '/api/events', body, OPERATOR);
    const { eventId: id } = await control('createEvent', { eventId: await events.nextId(), event, by }, idempotency);
    const house = await events.readHouse(id);
    if (house === undefined) throw new ApiError('INTERNAL');
    reply(res, 201, await viewOf(house), { location: `/api/events/${id}` });
  }

  async function change(req: Request, res: Response): Promise<void> {
    const by = actorOf(req, requireOperator(req));
    refuseQuery(req);
    const body = parse(eventChange, await readJson(req));
    const house = await houseOf(req);
    requireSense({ ...house.settings, ...body }, house.zones.length);
    await control('changeEvent', { eventId: house.eventId, change: body, by });
    reply(res, 200, await viewOf((await events.readHouse(house.eventId)) ?? house));
  }

  async function clear(req: Request, res: Response): Promise<void> {
    const by = actorOf(req, requireOperator(req));
    refuseQuery(req);
    const body = await readOptionalJson(req); // a missing body too gets a refusal that names the field and the sentence
    const house = await houseOf(req);
    const { eventId: id, generation } = house;
    parse(clearBody(id), body);
    await control('clear', { eventId: id, generation, by }, idempotencyOf(req, pathOf(req), body, OPERATOR));
    reply(res, 200, await viewOf((await events.readHouse(id)) ?? house));
  }

  const changeBlock = (job: 'block' | 'unblock') => async (req: Request, res: Response) => {
    const by = actorOf(req, requireOperator(req));
    refuseQuery(req);
    const body = await readJson(req, MAX_OPERATOR_BODY_BYTES);
    const { seats: labels } = parse(blockBody, body);
    const house = await houseOf(req);
    const strange = strangeSeat(house, labels);
    if (strange !== undefined) throw new ApiError('INVALID_REQUEST', strange);
    const asked = { eventId: house.eventId, seats: [...new Set(labels)], by };
    const { changed, taken } = await control(job, asked, idempotencyOf(req, pathOf(req), body, OPERATOR));
    if (taken.length > 0) throw new ApiError('SEAT_TAKEN', undefined, { seats: taken });
    reply(res, 200, { eventId: house.eventId, changed });
  };

  const router = Router();
  router.get('/', list);
  router.post('/', create);
  router.get('/:id', show);
  router.patch('/:id', change);
  router.delete('/:id/bookings', clear);
  router.post('/:id/block', changeBlock('block'));
  router.post('/:id/unblock', changeBlock('unblock'));
  return router;
}

/** What no field says alone. */
function requireSense({ holdSeconds, maxHoldSeconds, rings }: EventChange, zones: number): void {
  if (holdSeconds !== undefined && maxHoldSeconds !== undefined && maxHoldSeconds < holdSeconds)
    throw new ApiError('INVALID_REQUEST', 'maxHoldSeconds: not less than holdSeconds');
  const strange = rings ? strangeRings(zones, rings) : undefined;
  if (strange !== undefined) throw new ApiError('INVALID_REQUEST', strange);
}

function summaryOf({ eventId: id, settings, currency, createdAt, totalSeats }: ListedEvent): EventSummary {
  const { rings: _, ...told } = settings; // a list of events draws none of them
  return { id, ...told, currency, createdAt: createdAt.toISOString(), totalSeats };
}

const add = (a: SeatCounts, b: SeatCounts): SeatCounts => ({
  total: a.total + b.total,
  available: a.available + b.available,
  held: a.held + b.held,
  sold: a.sold + b.sold,
  blocked: a.blocked + b.blocked,
});
