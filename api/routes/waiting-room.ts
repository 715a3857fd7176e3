import type { Express, Request, Response } from 'express';
import { z } from 'zod';
import type { Config } from '../../shared/config.ts';
import { digitsAsNumber, eventId, inAddress } from '../../shared/contract/ids.ts';
import { MAX_OPERATOR_BODY_BYTES, MAX_ROOMS } from '../../shared/contract/limits.ts';
import {
  joinBody,
  type RoomChange,
  roomChange,
  VISITOR_TOKEN_HEADER,
  type VisitorView,
} from '../../shared/contract/waiting-room.ts';
import { commitmentOf } from '../../shared/domain/draw.ts';
import { logoProblem } from '../../shared/domain/look.ts';
import { changesAdmitting, problemWithoutSeats } from '../../shared/domain/room-problem.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { RoomStore } from '../../shared/stores/rooms.ts';
import type { Identity } from '../auth/identity.ts';
import { actorOf, type OperatorGuard } from '../auth/operators.ts';
import { readJson, readOptionalJson, refuseBody } from '../http/body.ts';
import { clientOf } from '../http/client-address.ts';
import { ApiError } from '../http/errors.ts';
import { isKnown, publicHeaders, replyNotModified } from '../http/public-answers.ts';
import { refuseQuery } from '../http/query.ts';
import { reply, replyText } from '../http/replies.ts';
import { parse } from '../http/validation.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import type { RunOperatorJob } from '../operations/operator-jobs.ts';
import type { JoinChallenge } from '../waiting-room/join-challenge.ts';
import { mustLogIn } from '../waiting-room/line.ts';
import { createLineTexts, type LineText } from '../waiting-room/line-texts.ts';
import type { WaitingRooms } from '../waiting-room/lines.ts';
import { layoutOf } from './event-layout.ts';

/** Seconds for which a cache may serve an older line while it requests the next: pages reckon with its age. */
const STALE_SECONDS = 5;

const roomParams = z.object({ id: inAddress(eventId) });

/** The visitor token of a request; undefined where there is none. */
export const visitorTokenOf = (req: Request): string | undefined => {
  const token = req.headers[VISITOR_TOKEN_HEADER];
  return typeof token === 'string' && token !== '' ? token : undefined;
};

type WaitingRoomDeps = {
  config: Pick<Config, 'NODE_ENV' | 'PUBLIC_URL'>;
  waitingRooms: WaitingRooms;
  challenges: JoinChallenge;
  rooms: RoomStore;
  events: EventStore;
  identity: Identity;
  runOperatorJob: RunOperatorJob;
  requireOperator: OperatorGuard;
  limits: RateLimits;
};

/**
 * `/api/events/:id/waiting-room` and `/line`. They are routes of the app itself: a million visitors poll again and
 * again, and a router between would add to the cost of each poll.
 */
export function addWaitingRoomRoutes(app: Express, deps: WaitingRoomDeps): void {
  const { joining } = deps.limits;
  app
    .route('/api/events/:id/waiting-room')
    .get(pollRoom(deps))
    .post(joining, joinRoom(deps))
    .delete(joining, leaveRoom(deps))
    .put(changeRoom(deps));
  app.get('/api/events/:id/line', showLine(deps));
  app.get('/api/events/:id/waiting-room/challenge', showChallenge(deps));
  app.get('/api/events/:id/waiting-room/draw', showDraw(deps));
}

const pollRoom = (deps: WaitingRoomDeps) => {
  const { waitingRooms } = deps;

  async function pollWithoutRoom(req: Request, res: Response): Promise<void> {
    replyView(res, 200, await waitingRooms.poll(await eventOf(req, deps), undefined));
  }

  return (req: Request, res: Response): void | Promise<void> => {
    refuseQuery(req);
    const id = digitsAsNumber(req.params.id);
    if (typeof id !== 'number' || waitingRooms.find(id) === undefined) return pollWithoutRoom(req, res);
    const view = waitingRooms.poll(id, visitorTokenOf(req));
    if (!(view instanceof Promise)) return replyView(res, 200, view);
    return view.then((pending) => replyView(res, 200, pending));
  };
};

/**
 * The line as caches may keep it: one answer for an event, whoever asks. A query is refused as everywhere, and the
 * refusal is not stored: caches that keep one answer for each query could otherwise be filled, and passed, by many.
 */
const showLine = (deps: WaitingRoomDeps) => {
  const texts = createLineTexts();

  async function replyOnceRead(req: Request, res: Response): Promise<void> {
    const id = await eventOf(req, deps);
    replyLine(req, res, await (texts.find(id) ?? texts.make(id, () => deps.waitingRooms.lineView(id))));
  }

  return (req: Request, res: Response): void | Promise<void> => {
    refuseQuery(req);
    const id = digitsAsNumber(req.params.id);
    const kept = typeof id === 'number' ? texts.find(id) : undefined;
    if (kept === undefined || kept instanceof Promise) return replyOnceRead(req, res);
    return replyLine(req, res, kept);
  };
};

function replyLine(req: Request, res: Response, { text, etag }: LineText): void {
  const headers = publicHeaders(res, etag, STALE_SECONDS);
  if (isKnown(req, etag)) replyNotModified(res, headers);
  else replyText(res, 200, text, headers);
}

const joinRoom = (deps: WaitingRoomDeps) => async (req: Request, res: Response) => {
  const { waitingRooms, identity } = deps;
  refuseQuery(req);
  const { nonce, challenge, solution, proof } = parse(joinBody, await readOptionalJson(req));
  const id = await eventOf(req, deps);
  const room = waitingRooms.find(id);
  const userId = room !== undefined && mustLogIn(room) ? (await identity.callerOf(req)).userId : undefined;
  const shown = { challenge, solution, proof, client: clientOf(req), address: req.ip ?? '' };
  const { isNew, ...view } = await waitingRooms.join(id, { token: visitorTokenOf(req), nonce, userId, shown });
  replyView(res, isNew ? 201 : 200, view);
};

const showChallenge = (deps: WaitingRoomDeps) => async (req: Request, res: Response) => {
  refuseQuery(req);
  reply(res, 200, deps.waitingRooms.challenge(await eventOf(req, deps)));
};

const leaveRoom = (deps: WaitingRoomDeps) => async (req: Request, res: Response) => {
  refuseQuery(req);
  await refuseBody(req);
  replyView(res, 200, await deps.waitingRooms.leave(await eventOf(req, deps), visitorTokenOf(req)));
};

const changeRoom = (deps: WaitingRoomDeps) => async (req: Request, res: Response) => {
  const { waitingRooms, runOperatorJob, requireOperator } = deps;
  const by = actorOf(req, requireOperator(req));
  refuseQuery(req);
  const change = parse(roomChange, await readJson(req, MAX_OPERATOR_BODY_BYTES));
  const id = await eventOf(req, deps);
  requirePossible(id, change, deps);
  await requireSiteLimits(id, change, deps);
  await requireFittingLook(id, change, deps);
  await runOperatorJob('changeRoom', { eventId: id, change, by });
  await waitingRooms.refresh(id);
  reply(res, 200, await roomViewOf(id, deps));
};

/** @throws ApiError INVALID_REQUEST where a setting is missing for a change; OVERLOADED at the bound of rooms */
function requirePossible(
  id: number,
  change: RoomChange,
  { waitingRooms, challenges, identity, config }: WaitingRoomDeps,
): void {
  const hasPublicUrl = config.PUBLIC_URL !== undefined || config.NODE_ENV !== 'production';
  if (change.requireLogin && !identity.isOn) throw new ApiError('INVALID_REQUEST', 'requireLogin: requires AUTH=on');
  if (change.challenge === 'outside' && !challenges.hasOutside)
    throw new ApiError('INVALID_REQUEST', 'challenge: outside requires CHALLENGE_URL and CHALLENGE_SECRET to be set');
  if (change.sites !== undefined && change.sites.length > 0 && !hasPublicUrl)
    throw new ApiError('INVALID_REQUEST', 'sites: requires PUBLIC_URL to be set, where visitors find the waiting page');
  const isNewRoom = change.mode !== undefined && change.mode !== 'off' && waitingRooms.find(id) === undefined;
  if (isNewRoom && waitingRooms.count() >= MAX_ROOMS)
    throw new ApiError('OVERLOADED', `There are ${MAX_ROOMS} waiting rooms that are not off.`);
}

/** Settings of a room that its event does not have yet. */
const NO_ROOM = { mode: 'off', peoplePerMinute: null, peopleInside: null } as const;

/** @throws ApiError INVALID_REQUEST where an event without seats cannot have a room of the changed settings */
async function requireSiteLimits(id: number, change: RoomChange, { events, rooms }: WaitingRoomDeps): Promise<void> {
  if (!changesAdmitting(change) || (await layoutOf(events, id)).totalSeats > 0) return;
  const now = (await rooms.find(id))?.settings ?? NO_ROOM;
  const { mode = now.mode, peoplePerMinute = now.peoplePerMinute, peopleInside = now.peopleInside } = change;
  const problem = problemWithoutSeats({ mode, peoplePerMinute, peopleInside });
  if (problem !== undefined) throw new ApiError('INVALID_REQUEST', problem);
}

/** @throws ApiError INVALID_REQUEST where the logo of the page would not lie on a site of the room */
async function requireFittingLook(id: number, change: RoomChange, { rooms }: WaitingRoomDeps): Promise<void> {
  if (!change.look && change.sites === undefined) return;
  const problem = logoProblem((await rooms.look(id)) ?? { look: null, sites: [] }, change);
  if (problem !== undefined) throw new ApiError('INVALID_REQUEST', problem);
}

async function roomViewOf(id: number, { rooms }: WaitingRoomDeps) {
  const room = await rooms.find(id);
  if (room === undefined) throw new ApiError('INTERNAL');
  const { look = null } = (await rooms.look(id)) ?? {};
  const state = (await rooms.read([id])).get(id);
  const { on = false, joined = 0, serving = 0, inside = 0, offered = 0, done = 0 } = state ?? {};
  const { rate = 0, speed = 0, etaSeconds = 0, seatsFree = 0 } = state ?? {};
  return {
    eventId: id,
    ...room.settings,
    look,
    on,
    joined,
    serving,
    waiting: joined - serving,
    inside,
    offered,
    ratePerSecond: rate,
    speedPerSecond: speed,
    etaSeconds,
    seatsFree,
    done,
  };
}

const showDraw = (deps: WaitingRoomDeps) => async (req: Request, res: Response) => {
  const { waitingRooms, rooms } = deps;
  refuseQuery(req);
  const id = await eventOf(req, deps);
  const known = waitingRooms.find(id);
  const room = known?.order === undefined ? await rooms.find(id) : known;
  if (room === undefined) throw new ApiError('PLACE_UNKNOWN', 'The event has no waiting room.');
  const { seed, chain, people = 0 } = room;
  const commitment = commitmentOf(seed);
  if (people > 0) return reply(res, 200, { eventId: id, drawn: true, commitment, chain, people, seed });
  const state = known?.state;
  reply(res, 200, {
    eventId: id,
    drawn: false,
    commitment,
    chain: state?.chain ?? chain,
    people: state?.people ?? state?.joined ?? 0,
  });
};

/** The event that the path names. Its store is read only where this node has no room of the event. */
async function eventOf(req: Request, { waitingRooms, events }: WaitingRoomDeps): Promise<number> {
  const params = roomParams.safeParse(req.params);
  if (!params.success) throw new ApiError('EVENT_UNKNOWN');
  const { id } = params.data;
  if (waitingRooms.find(id) === undefined) await layoutOf(events, id);
  return id;
}

function replyView(res: Response, status: number, view: VisitorView): void {
  reply(res, status, view, { 'retry-after': String(Math.ceil(view.askAgainSeconds)) });
}
