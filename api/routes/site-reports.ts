import type { Express, Request, Response } from 'express';
import type { Idempotency } from '../../shared/contract/jobs.ts';
import { doneBody } from '../../shared/contract/waiting-room.ts';
import { eventStatusAt } from '../../shared/domain/event-status.ts';
import type { House } from '../../shared/domain/house.ts';
import { newTicketId, shardOfEvent } from '../../shared/domain/ticket-id.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { TicketStore } from '../../shared/stores/redis/tickets.ts';
import type { RoomStore } from '../../shared/stores/rooms.ts';
import { OPERATOR } from '../auth/identity.ts';
import type { ScopeGuard } from '../auth/operators.ts';
import { readJson } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { pathOf } from '../http/request.ts';
import { parse } from '../http/validation.ts';
import type { RedisMemory } from '../operations/redis-memory.ts';
import { idempotencyOf } from '../tickets/idempotency.ts';
import { layoutOf, numberOf } from './event-layout.ts';

type SiteReportDeps = {
  events: EventStore;
  rooms: Pick<RoomStore, 'find' | 'reportDone'>;
  tickets: Pick<TicketStore, 'bindEverywhere'>;
  requireScope: ScopeGuard;
  memory: Pick<RedisMemory, 'isFull'>;
  shards: number;
};

/** `POST /api/events/:id/waiting-room/done`: the site of an event without seats reports whom it has served. */
export function addSiteReportRoutes(app: Express, deps: SiteReportDeps): void {
  app.post('/api/events/:id/waiting-room/done', reportDone(deps));
}

const reportDone = (deps: SiteReportDeps) => async (req: Request, res: Response) => {
  deps.requireScope(req, 'sell');
  refuseQuery(req);
  const body = await readJson(req);
  const { count } = parse(doneBody, body);
  const house = await layoutOf(deps.events, numberOf(req));
  requireSite(house);
  const { eventId } = house;
  const key = await bind(deps, eventId, idempotencyOf(req, pathOf(req), body, OPERATOR));
  const reported = await deps.rooms.reportDone(eventId, count, key);
  if (reported === 'MISMATCH') throw new ApiError('IDEMPOTENCY_MISMATCH');
  if (reported !== 'REBUILD') return reply(res, 200, { eventId, ...reported });
  const room = await deps.rooms.find(eventId);
  if (room !== undefined && room.settings.mode !== 'off') throw new ApiError('UNAVAILABLE'); // a worker restores it
  reply(res, 200, { eventId, done: 0, inside: 0 });
};

/** @throws ApiError INVALID_REQUEST where an event has seats, whose bookings make room; EVENT_ENDED */
function requireSite({ totalSeats, settings, cancelledAt }: House): void {
  if (totalSeats > 0) throw new ApiError('INVALID_REQUEST', 'id: this event has seats, so its bookings make room');
  const status = eventStatusAt(sharedNowMs(), settings, cancelledAt);
  if (status === 'ENDED' || status === 'CANCELLED') throw new ApiError('EVENT_ENDED');
}

/**
 * Binds the key of a report in all shards that may get it with another request. The report's own shard binds it again
 * as it counts.
 *
 * @throws ApiError IDEMPOTENCY_MISMATCH; OVERLOADED where Redis has no memory for it
 */
async function bind(
  { tickets, memory, shards }: SiteReportDeps,
  eventId: number,
  key: Idempotency | undefined,
): Promise<Idempotency | undefined> {
  if (key === undefined) return undefined;
  const shard = shardOfEvent(eventId, shards);
  if (memory.isFull(shard)) throw new ApiError('OVERLOADED');
  if ((await tickets.bindEverywhere(key, newTicketId(shard))) === undefined) throw new ApiError('IDEMPOTENCY_MISMATCH');
  return key;
}
