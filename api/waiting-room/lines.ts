import type { LineView } from '../../shared/contract/line.ts';
import type { ChallengeView, VisitorView } from '../../shared/contract/waiting-room.ts';
import { MAX_ASK_SECONDS, viewOf } from '../../shared/domain/visitor-view.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Loops } from '../../shared/platform/loops.ts';
import type { RedisShards } from '../../shared/platform/redis.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { RoomStore } from '../../shared/stores/rooms.ts';
import { ApiError } from '../http/errors.ts';
import { findAdmission, type Speaker } from './admission-check.ts';
import { createEndedEvents } from './ended-events.ts';
import type { JoinChallenge } from './join-challenge.ts';
import { isOn, type KnownLine, requireVisitor } from './line.ts';
import { createLineReader, type LineReader } from './line-reader.ts';
import { lineViewOf, viewWithoutLine } from './line-view.ts';
import { createPlaces, type JoinRequest, type PlaceView } from './places.ts';
import { nowOf } from './room-clock.ts';
import { createStanding } from './standing.ts';
import { createTurns } from './turns.ts';

/** The waiting rooms of one node. `isStopped`: whether no worker runs, and so nobody is admitted. */
export async function createWaitingRooms(deps: {
  rooms: RoomStore;
  events: Pick<EventStore, 'endedAmong'>;
  subscriber: RedisShards;
  challenges: JoinChallenge;
  loops: Loops;
  isStopped: () => boolean;
  log: Logger;
}) {
  const { rooms, subscriber, challenges, loops, isStopped, log } = deps;
  const reader = createLineReader({ rooms, subscriber, loops, log });
  const turns = createTurns({ rooms, log });
  const standing = createStanding({ turns, isStopped });
  const places = createPlaces({ rooms, challenges, standing, turns });
  const hasEnded = createEndedEvents(deps);
  const stop = await reader.start();

  /** The line of an event where visitors have to wait. */
  function lineOf(eventId: number): KnownLine | undefined {
    const line = reader.lines.get(eventId);
    return line !== undefined && isOn(line) ? line : undefined;
  }

  /** The status of an event where nobody has to wait. While PostgreSQL is unavailable no event counts as ended. */
  async function statusWithoutLine(eventId: number): Promise<'open' | 'ended'> {
    const isOver = await hasEnded(eventId).catch((fault: Error) => {
      log.warn({ eventId, fault: fault.message }, 'reading whether an event has ended failed');
      return false;
    });
    return isOver ? 'ended' : 'open';
  }

  const pollWithoutLine = async (eventId: number): Promise<VisitorView> =>
    viewOf(eventId, await statusWithoutLine(eventId), MAX_ASK_SECONDS);

  return {
    refresh: reader.refresh,
    measure: reader.measure,
    isListed: reader.isListed,
    stop,

    /** How many rooms are not off. */
    count: (): number => reader.lines.size,

    /** The events for which most people wait, with their number. */
    longest: (limit: number) => longestOf(reader.lines, limit),

    /** The line of an event, where its room is not off. */
    find: (eventId: number): KnownLine | undefined => reader.lines.get(eventId),

    /**
     * The view of a visitor.
     *
     * @throws ApiError PLACE_UNKNOWN where visitors have to wait and the token is not one of this line; UNAVAILABLE
     *   where a turn that has come cannot be taken
     */
    poll(eventId: number, token: string | undefined): VisitorView | Promise<VisitorView> {
      const line = lineOf(eventId);
      if (line === undefined) return pollWithoutLine(eventId);
      return standing(line, requireVisitor(line, token));
    },

    /** All that everybody may know of an event's line. @throws ApiError UNAVAILABLE while this node has not read it */
    async lineView(eventId: number): Promise<LineView> {
      const line = reader.lines.get(eventId);
      if (line === undefined) return viewWithoutLine(eventId, await statusWithoutLine(eventId), sharedNowMs());
      return requireView(lineViewOf(line, isStopped()));
    },

    /** The challenge for a new place in an event's line. */
    challenge(eventId: number): ChallengeView {
      const line = lineOf(eventId);
      return line === undefined ? { kind: 'off' } : challenges.offer(line, nowOf(line.state));
    },

    /** A place in line. @throws ApiError as `join` of places.ts; EVENT_ENDED */
    async join(eventId: number, request: JoinRequest): Promise<PlaceView> {
      const line = lineOf(eventId);
      if (line !== undefined) return places.join(line, request);
      if (await hasEnded(eventId)) throw new ApiError('EVENT_ENDED');
      return { ...viewOf(eventId, 'open', MAX_ASK_SECONDS), visitorToken: '', isNew: false };
    },

    /** Gives a place up. @throws ApiError PLACE_UNKNOWN, UNAVAILABLE */
    leave: (eventId: number, token: string | undefined): Promise<VisitorView> =>
      places.leave(reader.lines.get(eventId), token),

    /** The admission that a booking of an event uses. @throws ApiError as `findAdmission` */
    admissionOf: (eventId: number, headers: NodeJS.Dict<string | string[]>, speaker?: Speaker) =>
      findAdmission(reader, eventId, headers, speaker),
  };
}

function requireView(view: LineView | undefined): LineView {
  if (view === undefined) throw new ApiError('UNAVAILABLE', 'The line was not read yet. Try again.');
  return view;
}

const longestOf = (lines: LineReader['lines'], limit: number): { eventId: number; waiting: number }[] =>
  [...lines]
    .map(([eventId, { state }]) => ({ eventId, waiting: state === undefined ? 0 : state.joined - state.serving }))
    .sort((a, b) => b.waiting - a.waiting)
    .slice(0, limit);

export type WaitingRooms = Awaited<ReturnType<typeof createWaitingRooms>>;
