import type { Express, Request, Response } from 'express';
import { z } from 'zod';
import { digitsAsNumber, eventId, inAddress } from '../../shared/contract/ids.ts';
import { MAX_ROOMS } from '../../shared/contract/limits.ts';
import { joinBody, roomChange, VISITOR_TOKEN_HEADER, type VisitorView } from '../../shared/contract/waiting-room.ts';
import { commitmentOf } from '../../shared/domain/draw.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { RoomStore } from '../../shared/stores/redis/rooms.ts';
import type { Identity } from '../auth/identity.ts';
import { actorOf, type OperatorGuard } from '../auth/operators.ts';
import { readJson, readOptionalJson, refuseBody } from '../http/body.ts';
import { clientOf } from '../http/client-address.ts';
import { ApiError } from '../http/errors.ts';
import { refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { parse } from '../http/validation.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import type { Control } from '../operations/operator-jobs.ts';
import type { JoinChallenge } from '../waiting-room/join-challenge.ts';
import { mustLogIn, type WaitingRooms } from '../waiting-room/lines.ts';

const roomParams = z.object({ id: inAddress(eventId) });

/** The token that a visitor shows; undefined where there is none. */
export const visitorTokenOf = (req: Request): string | undefined => {
  const token = req.headers[VISITOR_TOKEN_HEADER];
  return typeof token === 'string' && token !== '' ? token : undefined;
};

/** Waiting rooms. They stand on the app itself: a poll is what a million people send, again and again. */
export function addWaitingRoomRoutes(
  app: Express,
  deps: {
    waitingRooms: WaitingRooms;
    challenges: JoinChallenge;
    rooms: RoomStore;
    events: EventStore;
    identity: Identity;
    control: Control;
    requireOperator: OperatorGuard;
    limits: RateLimits;
  },
): void {
  const { waitingRooms, challenges, rooms, events, identity, control, requireOperator, limits } = deps;

  /** An event that has a room is there; of the others PostgreSQL is asked once. */
  async function eventOf(req: Request): Promise<number> {
    const params = roomParams.safeParse(req.params);
    if (!params.success) throw new ApiError('EVENT_UNKNOWN');
    const { id } = params.data;
    if (waitingRooms.find(id) === undefined && (await events.layout(id)) === undefined)
      throw new ApiError('EVENT_UNKNOWN');
    return id;
  }

  function replyView(res: Response, status: number, view: VisitorView): void {
    reply(res, status, view, { 'retry-after': String(Math.ceil(view.askAgainSeconds)) });
  }

  function poll(req: Request, res: Response): void | Promise<void> {
    refuseQuery(req);
    const id = digitsAsNumber(req.params.id);
    if (typeof id !== 'number' || waitingRooms.find(id) === undefined) return pollNoRoom(req, res);
    const view = waitingRooms.poll(id, visitorTokenOf(req));
    if (!(view instanceof Promise)) return replyView(res, 200, view);
    return view.then((mine) => replyView(res, 200, mine));
  }

  async function pollNoRoom(req: Request, res: Response): Promise<void> {
    replyView(res, 200, await waitingRooms.poll(await eventOf(req), undefined));
  }

  async function join(req: Request, res: Response): Promise<void> {
    refuseQuery(req);
    const { nonce, challenge, solution, proof } = parse(joinBody, await readOptionalJson(req));
    const id = await eventOf(req);
    const room = waitingRooms.find(id);
    const userId = room !== undefined && mustLogIn(room) ? (await identity.callerOf(req, undefined)).userId : undefined;
    const shown = { challenge, solution, proof, client: clientOf(req), address: req.ip ?? '' };
    const { isNew, ...view } = await waitingRooms.join(id, { token: visitorTokenOf(req), nonce, userId, shown });
    replyView(res, isNew ? 201 : 200, view);
  }

  async function challengeOf(req: Request, res: Response): Promise<void> {
    refuseQuery(req);
    reply(res, 200, waitingRooms.challenge(await eventOf(req)));
  }

  async function leave(req: Request, res: Response): Promise<void> {
    refuseQuery(req);
    await refuseBody(req);
    replyView(res, 200, await waitingRooms.leave(await eventOf(req), visitorTokenOf(req)));
  }

  async function change(req: Request, res: Response): Promise<void> {
    const by = actorOf(req, requireOperator(req));
    refuseQuery(req);
    const body = parse(roomChange, await readJson(req));
    const id = await eventOf(req);
    if (body.requireLogin && !identity.isOn) throw new ApiError('INVALID_REQUEST', 'requireLogin: nobody logs in here');
    if (body.challenge === 'outside' && !challenges.hasOutside)
      throw new ApiError('INVALID_REQUEST', 'challenge: outside needs CHALLENGE_URL and CHALLENGE_SECRET to be set');
    const isMore = body.mode !== undefined && body.mode !== 'off' && waitingRooms.find(id) === undefined;
    if (isMore && waitingRooms.count() >= MAX_ROOMS)
      throw new ApiError('OVERLOADED', `There are ${MAX_ROOMS} waiting rooms that are not off.`);
    await control('changeRoom', { eventId: id, change: body, by });
    await waitingRooms.refresh();
    const room = await rooms.find(id);
    if (room === undefined) throw new ApiError('INTERNAL');
    const state = (await rooms.read([id])).get(id);
    const { joined = 0, serving = 0, inside = 0, offered = 0, rate = 0, speed = 0, etaSeconds = 0 } = state ?? {};
    reply(res, 200, {
      ...{
        eventId: id,
        ...room.settings,
        on: state?.on ?? false,
        joined,
        serving,
        waiting: joined - serving,
        inside,
        offered,
      },
      ...{ ratePerSecond: rate, speedPerSecond: speed, etaSeconds, seatsFree: state?.seatsFree ?? 0 },
    });
  }

  async function draw(req: Request, res: Response): Promise<void> {
    refuseQuery(req);
    const id = await eventOf(req);
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
  }

  app
    .route('/api/events/:id/waiting-room')
    .get(poll)
    .post(limits.joining, join)
    .delete(limits.joining, leave)
    .put(change);
  app.get('/api/events/:id/waiting-room/challenge', challengeOf);
  app.get('/api/events/:id/waiting-room/draw', draw);
}
