import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import {
  ADMISSION_TOKEN_HEADER,
  type ChallengeView,
  type Receipt,
  type VisitorView,
} from '../../shared/contract/waiting-room.ts';
import { createOrder } from '../../shared/domain/draw.ts';
import { createJoinMeter } from '../../shared/domain/join-challenge.ts';
import { createRoomTokens, type Visitor } from '../../shared/domain/room-tokens.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Loops } from '../../shared/platform/loops.ts';
import type { Room, RoomState, RoomStore } from '../../shared/stores/redis/rooms.ts';
import { ApiError } from '../http/errors.ts';
import type { JoinChallenge, Shown } from './join-challenge.ts';
import { createJoin } from './room-joins.ts';
import { createRoomMeasures } from './room-measures.ts';
import { beforeSaleView, isBeforeSale, MAX_ASK_SECONDS, nowOf, viewOf, waitingView, waitOf } from './visitor-views.ts';

/** Milliseconds between two looks at how lines stand, and between two for rooms that were switched on or off. */
const REFRESH_MS = 125;
const LIST_MS = 1_000;

/** Milliseconds that a look under way is given when the node stops. */
const STOP_MS = 1_000;

/**
 * Milliseconds for which it is remembered that a turn was taken or is over: asking more often costs no call of Redis.
 */
const TURN_KEPT_MS = 1_000;
const MAX_TURNS_KEPT = 20_000;

/**
 * Milliseconds between the tries to take a turn, and after which no further one begins: a page gives an answer 10 s.
 */
const TURN_PAUSES_MS = [100, 300];
const TURN_TRIED_MS = 3_000;

/** An event's room as this node knows it. */
type KnownRoom = Room & {
  tokens: ReturnType<typeof createRoomTokens>;
  /** As it was seen last; undefined before the first time. */
  state: RoomState | undefined;
  /** The drawn order. */
  order: ((arrival: number) => number) | undefined;
  join: ReturnType<typeof createJoin>;
  /** How many join in a second, at all API processes. */
  meter: ReturnType<typeof createJoinMeter>;
  /** The last position that this node reported as called. */
  furthest: number;
  /** Visitors who left by this node. */
  leavers: number;
};

/**
 * The message for a visitor who joined before the room required a log-in: such a place and its admission may be
 * anybody's.
 */
const LOG_IN_NOW = 'Visitors of this event log in now: log in, and join again.';

/** Whether users must log in to stand in a room's line. */
export const mustLogIn = ({ state, settings }: Pick<KnownRoom, 'state' | 'settings'>): boolean =>
  state?.login ?? settings.requireLogin;

/**
 * The results of Redis for a turn that has come but cannot be given now: it has lost the line or is back with old data.
 */
const LATER: readonly unknown[] = ['WAIT', 'REBUILD'];

/**
 * The waiting rooms of one node. It holds how every line stands in memory and looks again a few times a second: who polls is answered
 * from there. While Redis is unavailable the last state stands, so nobody is admitted and everybody keeps their place.
 */
export async function createWaitingRooms(deps: {
  rooms: RoomStore;
  challenges: JoinChallenge;
  loops: Loops;
  /** Whether no worker runs, and so nobody is admitted. */
  isStopped: () => boolean;
  log: Logger;
}) {
  const { rooms: store, challenges, loops, isStopped, log } = deps;
  const rooms = new Map<number, KnownRoom>();
  const turns = new Map<string, { view: VisitorView; untilMs: number }>();
  const measures = createRoomMeasures();
  let isListed = false;
  let isBlind = false;

  async function know(eventId: number): Promise<void> {
    const room = await store.find(eventId);
    if (room === undefined || room.settings.mode === 'off') return void rooms.delete(eventId);
    if (rooms.get(eventId)?.generation === room.generation) return; // another list was faster, and it may be in use
    const tokens = createRoomTokens(room.secret);
    const line = { ...room, tokens, state: undefined, order: undefined, furthest: 0, leavers: 0 };
    rooms.set(eventId, Object.assign(line, { join: createJoin(store, line), meter: createJoinMeter() }));
  }

  async function list(): Promise<void> {
    const lines = await store.active();
    const active = new Map(lines.map(({ eventId, generation }) => [eventId, generation]));
    for (const eventId of rooms.keys()) if (!active.has(eventId)) rooms.delete(eventId);
    for (const [eventId, generation] of active) if (rooms.get(eventId)?.generation !== generation) await know(eventId);
    for (const { eventId, challenge, challengeBits } of lines)
      Object.assign(rooms.get(eventId)?.settings ?? {}, { challenge, challengeBits });
    isListed = true;
  }

  /** What Redis says of another generation, or nothing, changes nothing: a worker is about to restore the line. */
  async function look(): Promise<void> {
    const states = rooms.size === 0 ? undefined : await store.read([...rooms.keys()]);
    for (const [eventId, state] of states ?? []) {
      const room = rooms.get(eventId);
      if (room === undefined || state.generation !== room.generation) continue;
      if (state.drawn && state.people && room.order === undefined) {
        const { seed, people, chain } = (await store.find(eventId)) ?? room;
        if (people === undefined) continue;
        Object.assign(room, { people, chain, order: createOrder({ seed, people, chain }) });
      }
      // A Redis that is back with old data tells less than was told already, until a worker has seen it.
      state.serving = Math.max(state.serving, room.state?.serving ?? 0);
      if (room.order !== undefined) Object.assign(state, { people: room.people, drawn: true });
      state.people ??= room.state?.people; // which a join may have told since this was asked
      room.state = state;
      room.meter.note(state.joined, performance.now());
      if (state.on && !state.paused) {
        const { seconds, isTold } = waitOf(state, state.joined - state.serving - 1);
        measures.look(eventId, state, isTold ? seconds : undefined);
      }
    }
    isBlind = false;
  }

  /** Learns how all rooms are now. @throws whatever keeps Redis or PostgreSQL from answering */
  async function refresh(): Promise<void> {
    await list();
    await look();
  }

  /** One line for an outage, and not several a second. */
  function noteFault(fault: Error): void {
    if (!isBlind) log.warn({ fault: fault.message }, 'reading waiting rooms failed: using the last state');
    isBlind = true;
  }

  /** The position of an arrival number; undefined before the draw. */
  function positionOf({ state, order }: KnownRoom, arrival: number): number | undefined {
    if (state === undefined || state.people === undefined) return undefined;
    if (arrival > state.people) return arrival;
    return state.drawn ? order?.(arrival) : undefined;
  }

  /** How a visitor stands, as far as this node knows by itself; the position as `turnOf` where Redis has to be asked. */
  function standOf(room: KnownRoom, arrival: number): VisitorView | { turnOf: number } {
    const { eventId, state } = room;
    if (state === undefined) return viewOf(eventId, 'waiting', 2);
    if (!state.on) return viewOf(eventId, 'open', MAX_ASK_SECONDS);
    const position = positionOf(room, arrival);
    if (position === undefined || isBeforeSale(state)) return beforeSaleView(eventId, state, position);
    if (state.sold) return viewOf(eventId, 'sold_out', MAX_ASK_SECONDS, { position });
    return position > state.serving ? waitingView(eventId, state, position, isStopped()) : { turnOf: position };
  }

  /**
   * The view of a visitor whose turn has come: the same admission token, however often it is requested. Only answers
   * that stay true are remembered: a visitor who was told to wait must not be told so again once somebody behind was
   * admitted.
   *
   * @throws ApiError UNAVAILABLE where the turn cannot be taken and somebody behind was admitted already
   */
  async function turnView(room: KnownRoom, { arrival, userId }: Visitor, position: number): Promise<VisitorView> {
    const { eventId, generation, tokens } = room;
    const key = `${eventId}:${generation}:${arrival}`;
    const kept = turns.get(key);
    if (kept !== undefined && kept.untilMs > performance.now()) return kept.view;
    const { leavers } = room;
    const answer = await takeTurn(room, position, arrival);
    const state = room.state;
    if (answer === 'CLOSED' && state !== undefined) return beforeSaleView(eventId, state, position);
    if (typeof answer === 'string' && answer !== 'PASSED' && answer !== 'LEFT') {
      if (position <= room.furthest) throw new ApiError('UNAVAILABLE', 'Your turn has come. Ask again.');
      return viewOf(eventId, 'waiting', 1, { position, ahead: 0 });
    }
    const nowMs = nowOf(state ?? {});
    const leftMs = typeof answer === 'number' ? answer - nowMs : TURN_KEPT_MS;
    const view = typeof answer === 'number' ? admit(answer) : over(answer);
    if (turns.size >= MAX_TURNS_KEPT) turns.clear();
    // A visitor who left meanwhile gets that answer.
    if (room.leavers === leavers) turns.set(key, { view, untilMs: performance.now() + Math.min(TURN_KEPT_MS, leftMs) });
    return view;

    function over(why: 'PASSED' | 'LEFT'): VisitorView {
      return viewOf(eventId, why === 'LEFT' ? 'left' : 'turn_passed', MAX_ASK_SECONDS, { position });
    }

    function admit(untilMs: number): VisitorView {
      room.furthest = Math.max(room.furthest, position);
      const uses = state?.uses ?? 1;
      const token = tokens.signAdmission({ eventId, generation, position, userId, untilMs, uses });
      const admission = { token, expiresAt: new Date(untilMs).toISOString(), uses };
      return viewOf(eventId, 'your_turn', 10, { position, ahead: 0, now: new Date(nowMs).toISOString(), admission });
    }
  }

  /** Takes a turn that has come. Doing it again changes nothing, so a call that failed is tried again. */
  async function takeTurn(room: KnownRoom, position: number, arrival: number) {
    const startedAt = performance.now();
    for (let tries = 0; ; tries += 1) {
      const answer = await store.takeTurn(room, position, arrival).catch((fault: Error) => {
        log.warn({ eventId: room.eventId, fault: fault.message }, 'taking a turn failed');
        return 'WAIT' as const;
      });
      const pauseMs = TURN_PAUSES_MS[tries];
      if (!LATER.includes(answer) || pauseMs === undefined) return answer;
      if (performance.now() - startedAt > TURN_TRIED_MS) return answer;
      await sleep(pauseMs);
    }
  }

  /** Whose visitor token this is, in the room's line as it is now. */
  function visitorOf(room: KnownRoom, token: string | undefined): Visitor | undefined {
    const visitor = token === undefined ? undefined : room.tokens.readVisitor(token);
    return visitor?.eventId === room.eventId && visitor.generation === room.generation ? visitor : undefined;
  }

  /**
   * @throws ApiError PLACE_UNKNOWN where the token is none of this line, or nobody's since users must log in to stand
   * in it
   */
  function requireVisitor(room: KnownRoom, token: string | undefined): Visitor {
    const visitor = visitorOf(room, token);
    if (visitor === undefined) throw new ApiError('PLACE_UNKNOWN');
    if (visitor.userId === undefined && mustLogIn(room)) throw new ApiError('PLACE_UNKNOWN', LOG_IN_NOW);
    return visitor;
  }

  function stand(room: KnownRoom, visitor: Visitor): VisitorView | Promise<VisitorView> {
    const known = standOf(room, visitor.arrival);
    return 'turnOf' in known ? turnView(room, visitor, known.turnOf) : known;
  }

  try {
    await refresh();
  } catch (fault) {
    log.warn({ fault: (fault as Error).message }, 'waiting rooms are not known yet');
  }
  // Two loops, because lines are in Redis and the list is in PostgreSQL: without the one the other goes on.
  const stops = [
    loops.repeat('waiting rooms listed', LIST_MS, refresh, noteFault, { isVital: false }),
    loops.repeat('lines read', REFRESH_MS, look, noteFault),
  ];

  return {
    refresh,

    /** Notes how lines stand, for `/metrics`. */
    measure: () => measures.show([...rooms.values()]),

    /** How many rooms are not off. */
    count: (): number => rooms.size,

    /** The room of an event as this node knows it, where it is not off. */
    find: (eventId: number): KnownRoom | undefined => rooms.get(eventId),

    /**
     * How a visitor stands, without a call of Redis or PostgreSQL until the turn has come.
     *
     * @throws ApiError PLACE_UNKNOWN where somebody has to wait and the token is none of this line; UNAVAILABLE as
     * `turnView`
     */
    poll(eventId: number, token: string | undefined): VisitorView | Promise<VisitorView> {
      const room = rooms.get(eventId);
      if (room === undefined || room.state?.on === false) return viewOf(eventId, 'open', MAX_ASK_SECONDS);
      return stand(room, requireVisitor(room, token));
    },

    /** The challenge for a new place in an event's line. */
    challenge(eventId: number): ChallengeView {
      const room = rooms.get(eventId);
      return room === undefined || room.state?.on === false
        ? { kind: 'off' }
        : challenges.offer(room, nowOf(room.state ?? {}));
    },

    /**
     * A place in line: the one that the token or the user has, as long as its turn has not passed, else a new one.
     *
     * @param shown the proof for a new place, where the line requires a challenge
     * @throws ApiError CHALLENGE_REQUIRED, CHALLENGE_INVALID; OVERLOADED; UNAVAILABLE, or the fault of the call: then a
     *   place may have been given that stays unused
     */
    async join(
      eventId: number,
      asked: { token: string | undefined; nonce: string | undefined; userId: number | undefined; shown: Shown },
    ): Promise<VisitorView & { visitorToken: string; isNew: boolean; receipt?: Receipt | undefined }> {
      const { token, nonce, userId, shown } = asked;
      const room = rooms.get(eventId);
      if (room === undefined || room.state?.on === false)
        return { ...viewOf(eventId, 'open', MAX_ASK_SECONDS), visitorToken: '', isNew: false };
      const over = (status: VisitorView['status']) => status === 'turn_passed' || status === 'left';
      let instead: number | undefined;

      const before = visitorOf(room, token);
      if (before !== undefined && before.userId === userId) {
        const now = (await store.hasLeft(room, before.arrival)) ? undefined : await stand(room, before);
        if (now !== undefined && !over(now.status)) return { ...now, visitorToken: token ?? '', isNew: false };
        instead = before.arrival;
      }
      const spent = await challenges.check(room, shown, nowOf(room.state ?? {}));
      for (;;) {
        const adding = room.join({ nonce: nonce ?? randomBytes(16).toString('base64url'), userId, instead, spent });
        if (adding === undefined) throw new ApiError('OVERLOADED');
        const joined = await adding;
        if (joined === 'spent') throw challenges.refusal('CHALLENGE_INVALID', room, nowOf(room.state ?? {}));
        const { arrival, isNew, receipt } = joined;
        const visitor = { eventId, generation: room.generation, arrival, userId };
        const now = await stand(room, visitor);
        // A user's place of before, seen without its token, may be over too: once more, for a new one instead.
        const isOver = over(now.status) || (!isNew && (await store.hasLeft(room, arrival)));
        if (isNew || !isOver || instead === arrival)
          return { ...now, visitorToken: room.tokens.signVisitor(visitor), isNew, receipt };
        instead = arrival;
      }
    },

    /** Gives a place up. @throws ApiError PLACE_UNKNOWN, UNAVAILABLE */
    async leave(eventId: number, token: string | undefined): Promise<VisitorView> {
      const room = rooms.get(eventId);
      const visitor = room === undefined ? undefined : visitorOf(room, token);
      if (room === undefined || visitor === undefined) throw new ApiError('PLACE_UNKNOWN');
      const { arrival } = visitor;
      if (!(await store.leave(room, arrival, positionOf(room, arrival)))) throw new ApiError('UNAVAILABLE');
      room.leavers += 1;
      turns.delete(`${eventId}:${room.generation}:${arrival}`);
      return viewOf(eventId, 'left', MAX_ASK_SECONDS);
    },

    /**
     * The admission that a booking of an event uses; undefined where none is needed. Its owner and its signature are
     * checked here alone. Its end is judged by Redis' clock where the request is accepted, never by this process'
     * clock; its line and its uses are judged where seats are claimed.
     *
     * @param headers of the booking's request
     * @param userOf the user that the request speaks for, asked where the admission names one
     * @throws ApiError ADMISSION_REQUIRED, ADMISSION_INVALID; UNAVAILABLE before it is known which rooms there are
     */
    admissionOf(
      eventId: number,
      headers: NodeJS.Dict<string | string[]>,
      userId?: number | undefined,
    ): BookRequest['admission'] {
      const room = rooms.get(eventId);
      if (room === undefined) {
        if (!isListed) throw new ApiError('UNAVAILABLE');
        return undefined;
      }
      if (room.state?.on === false) return undefined;
      const token = headers[ADMISSION_TOKEN_HEADER];
      if (typeof token !== 'string' || token === '') throw new ApiError('ADMISSION_REQUIRED');
      const admission = room.tokens.readAdmission(token);
      if (admission?.eventId !== eventId || admission.generation !== room.generation)
        throw new ApiError('ADMISSION_INVALID');
      if (admission.userId === undefined && mustLogIn(room)) throw new ApiError('ADMISSION_INVALID', LOG_IN_NOW);
      const { generation, position, uses, untilMs } = admission;
      if (admission.userId !== undefined && admission.userId !== userId)
        throw new ApiError('ADMISSION_INVALID', 'The admission is another user’s.');
      return { generation, position, uses, untilMs };
    },

    async stop(): Promise<void> {
      await Promise.race([Promise.all(stops.map((stop) => stop())), sleep(STOP_MS, undefined, { ref: false })]);
    },
  };
}

export type WaitingRooms = Awaited<ReturnType<typeof createWaitingRooms>>;
