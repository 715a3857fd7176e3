import { createOrder } from '../../shared/domain/drawn-order.ts';
import { createJoinMeter } from '../../shared/domain/join-challenge.ts';
import { createRoomTokens, type Visitor } from '../../shared/domain/room-tokens.ts';
import type { Room } from '../../shared/stores/postgres/rooms.ts';
import type { RoomState } from '../../shared/stores/redis/room-hash.ts';
import { ApiError } from '../http/errors.ts';
import { isBeforeSale } from './room-clock.ts';
import { createJoin } from './room-joins.ts';

/**
 * The phase of a line, as this node knows it from the state that it read last.
 *
 * - `unread`: PostgreSQL has the room, and its state was not read yet. Visitors wait.
 * - `off`: an automatic room is off. Nobody waits, and a booking needs no admission.
 * - `gathering`: the line is open for the draw. Visitors have arrival numbers and no positions.
 * - `drawing`: the sale has begun, and this node does not know the order yet. Visitors who joined since have
 *   positions.
 * - `postponed`: the sale was moved to later after it had begun. Visitors keep their positions; nobody is admitted.
 * - `admitting`: positions are called in order.
 * - `soldOut`: every seat is confirmed.
 *
 * A line begins as `unread`. A start of the sale leads from `gathering` over `drawing` to `admitting`. Seats that come
 * back lead from `soldOut` to `admitting`, an operator's date from there to `postponed` and back. `off` may come from
 * and lead to each phase but `unread`. A line that a clear has ended is forgotten; the next one begins as `unread`.
 */
export type Phase = 'unread' | 'off' | 'gathering' | 'drawing' | 'postponed' | 'admitting' | 'soldOut';

/** A line as this node knows it. */
export type KnownLine = Room & {
  tokens: ReturnType<typeof createRoomTokens>;
  /** The state that was read last. */
  state: RoomState | undefined;
  /** When this state was heard of, by `performance.now()`. */
  heardAtMs: number;
  /** The drawn order. */
  order: ((arrival: number) => number) | undefined;
  join: ReturnType<typeof createJoin>;
  /** Measures how many visitors join in a second, at all API processes. */
  meter: ReturnType<typeof createJoinMeter>;
  /** The last position that this node has admitted. */
  furthestAdmitted: number;
  /** Visitors who left by this node. */
  departures: number;
};

export function createKnownLine(room: Room, store: Parameters<typeof createJoin>[0]): KnownLine {
  const line = {
    ...room,
    tokens: createRoomTokens(room.secret),
    state: undefined,
    heardAtMs: Number.NEGATIVE_INFINITY,
    order: undefined,
    furthestAdmitted: 0,
    departures: 0,
  };
  return Object.assign(line, { join: createJoin(store, line), meter: createJoinMeter() });
}

/** Whether a line knows its state, and whom the sale has drawn, but not the order. */
export const needsOrder = (line: KnownLine, state: RoomState): boolean =>
  state.drawn && state.people !== undefined && state.people > 0 && line.order === undefined;

/** Notes the order of the draw, as PostgreSQL has it. Returns false where PostgreSQL has none yet. */
export function noteDraw(line: KnownLine, { seed, people, chain }: Room): boolean {
  if (people === undefined) return false;
  Object.assign(line, { people, chain, order: createOrder({ seed, people, chain }) });
  return true;
}

/**
 * Notes a newly read state. Nothing that a visitor was answered goes back: a Redis that returned with old data has
 * lower values until a worker has noticed, and a join may have closed the line since the state was read.
 */
export function noteState(line: KnownLine, state: RoomState): void {
  line.state = {
    ...state,
    serving: Math.max(state.serving, line.state?.serving ?? 0),
    people: line.order === undefined ? (state.people ?? line.state?.people) : line.people,
    drawn: state.drawn || line.order !== undefined,
  };
  line.meter.note(state.joined, performance.now());
}

export function phaseOf({ state, order }: Pick<KnownLine, 'state' | 'order'>): Phase {
  if (state === undefined) return 'unread';
  if (!state.on) return 'off';
  if (state.people === undefined) return 'gathering';
  if (isBeforeSale(state)) return 'postponed';
  if (state.people > 0 && (!state.drawn || order === undefined)) return 'drawing';
  return state.isSoldOut ? 'soldOut' : 'admitting';
}

/** Whether visitors of a line have to wait, as far as this node knows. */
export const isOn = (line: KnownLine): boolean => phaseOf(line) !== 'off';

/** The position of an arrival number; undefined where it is not drawn yet. Later visitors are not drawn. */
export function positionOf({ state, order }: Pick<KnownLine, 'state' | 'order'>, arrival: number): number | undefined {
  if (state?.people === undefined) return undefined;
  if (arrival > state.people) return arrival;
  return state.drawn ? order?.(arrival) : undefined;
}

/** Whether users must log in to stand in a line. */
export const mustLogIn = ({ state, settings }: Pick<KnownLine, 'state' | 'settings'>): boolean =>
  state?.requiresLogin ?? settings.requireLogin;

/**
 * The message for a visitor who joined before the room required a log-in: such a place has no user.
 */
export const LOG_IN_NOW = 'This event now requires a log-in: log in, and join again.';

/** The visitor of a token; undefined where the token is not one of this line. */
export function visitorOf(line: KnownLine, token: string | undefined): Visitor | undefined {
  const visitor = token === undefined ? undefined : line.tokens.readVisitor(token);
  return visitor?.eventId === line.eventId && visitor.generation === line.generation ? visitor : undefined;
}

/** @throws ApiError PLACE_UNKNOWN where the token is not one of this line, or has no user and users must log in */
export function requireVisitor(line: KnownLine, token: string | undefined): Visitor {
  const visitor = visitorOf(line, token);
  if (visitor === undefined) throw new ApiError('PLACE_UNKNOWN');
  if (visitor.userId === undefined && mustLogIn(line)) throw new ApiError('PLACE_UNKNOWN', LOG_IN_NOW);
  return visitor;
}
