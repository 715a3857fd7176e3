import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BookRequest } from '../shared/contract/jobs.ts';
import { ADMISSION_TOKEN_HEADER, type Receipt, type VisitorView } from '../shared/contract/waiting-room.ts';
import { createOrder } from '../shared/domain/draw.ts';
import { secondsUntil } from '../shared/domain/pace.ts';
import { createRoomTokens, type Visitor } from '../shared/domain/room-tokens.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { Room, RoomState, RoomStore } from '../shared/stores/rooms.ts';
import { ApiError } from './http.ts';
import { createJoin } from './room-joins.ts';
import { createRoomMeasures } from './room-measures.ts';

/** Milliseconds between two looks at how lines stand, and between two for rooms that were switched on or off. */
const REFRESH_MS = 125;
const LIST_MS = 1_000;

/** Milliseconds that a look under way is given when the node stops. */
const STOP_MS = 1_000;

/** Milliseconds for which the answer to whose turn has come is remembered: asking more often costs no call of Redis. */
const TURN_KEPT_MS = 1_000;
const MAX_TURNS_KEPT = 20_000;

/** Seconds after which a visitor is told to ask again, at the most. */
const MAX_ASK_SECONDS = 30;

/** After which share of the wait: so the whole line asks some seven times for each person let in, and a turn is seen within a second. */
const ASK_SHARE = 0.6;

/** Visitors who ask in a second once the order is drawn: all of them want to know at once. */
const DRAWN_PER_SECOND = 5_000;

/** Beyond this an estimate tells nothing. */
const MAX_WAIT_SECONDS = 24 * 3_600;

/** How far off an estimate may be: the pace changes with what people ahead do. */
const RANGE = { from: 0.6, to: 1.7 };

/** An event's room as this node knows it. */
type KnownRoom = Room & {
  tokens: ReturnType<typeof createRoomTokens>;
  /** As it was seen last; undefined before the first time. */
  state: RoomState | undefined;
  /** The drawn order. */
  order: ((arrival: number) => number) | undefined;
  join: ReturnType<typeof createJoin>;
};

const words: Record<VisitorView['status'], string> = {
  open: 'Nobody has to wait: go on and book.',
  before_sale: 'The sale has not begun. Your place is drawn when it does, whenever you came before.',
  waiting: 'You are in line. Keep this place, it does not change.',
  your_turn: 'It is your turn: book now.',
  turn_passed: 'Your turn has passed. Join again for a new place.',
  left: 'You have left the line. Join again for a new place.',
  sold_out: 'Everything is sold.',
};

/**
 * The waiting rooms of one node. It holds how every line stands in memory and looks again a few times a second: who polls is answered
 * from there. While Redis is away the last state stands, so nobody is let in and everybody keeps their place.
 */
export async function createWaitingRooms(deps: { rooms: RoomStore; log: Logger }) {
  const { rooms: store, log } = deps;
  const rooms = new Map<number, KnownRoom>();
  const turns = new Map<string, { view: VisitorView; untilMs: number }>();
  const measures = createRoomMeasures();
  let isListed = false;
  let listedAt = Number.NEGATIVE_INFINITY;
  let isBlind = false;
  let stopped = false;

  async function know(eventId: number): Promise<void> {
    const room = await store.find(eventId);
    if (room === undefined || room.settings.mode === 'off') return void rooms.delete(eventId);
    const line = { ...room, tokens: createRoomTokens(room.secret), state: undefined, order: undefined };
    rooms.set(eventId, Object.assign(line, { join: createJoin(store, line) }));
  }

  async function list(): Promise<void> {
    const lines = await store.active();
    const active = new Map(lines.map(({ eventId, generation }) => [eventId, generation]));
    for (const eventId of rooms.keys()) if (!active.has(eventId)) rooms.delete(eventId);
    for (const [eventId, generation] of active) if (rooms.get(eventId)?.generation !== generation) await know(eventId);
    isListed = true;
    listedAt = performance.now();
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
      room.state = state;
      if (state.on && !state.paused) {
        const { seconds, isTold } = waitOf(state, state.joined - state.serving - 1);
        measures.look(eventId, state, isTold ? seconds : undefined);
      }
    }
  }

  /** Learns how all rooms are now. @throws whatever keeps Redis or PostgreSQL from answering */
  async function refresh(): Promise<void> {
    await list();
    await look();
  }

  async function run(): Promise<void> {
    while (!stopped) {
      await sleep(REFRESH_MS);
      if (stopped) return;
      try {
        if (performance.now() - listedAt > LIST_MS) await list();
        await look();
        isBlind = false;
      } catch (fault) {
        if (!isBlind) log.warn({ fault: (fault as Error).message }, 'waiting rooms: what was known stands');
        isBlind = true;
      }
    }
  }

  const view = (
    room: { eventId: number },
    status: VisitorView['status'],
    askAgainSeconds: number,
    more: Partial<VisitorView> = {},
  ): VisitorView => ({ eventId: room.eventId, status, message: words[status], ...more, askAgainSeconds });

  /** Spread, so that those who came together do not ask together for ever; never so late that a turn would pass. */
  function askAgain(seconds: number, state: RoomState): number {
    const most = Math.min(MAX_ASK_SECONDS, (state.turnMs * 0.75) / 1000); // which advanceRoom.lua counts on
    const spread = seconds * (0.8 + 0.4 * Math.random());
    return Math.round(Math.min(Math.max(spread, 1), most) * 10) / 10;
  }

  /** The position of an arrival number; undefined before the draw. */
  function positionOf({ state, order }: KnownRoom, arrival: number): number | undefined {
    if (state === undefined || state.people === undefined) return undefined;
    if (arrival > state.people) return arrival;
    return state.drawn ? order?.(arrival) : undefined;
  }

  /** How long who has so many ahead has to wait, probably, whether they are told, and whether anything will be left. */
  function waitOf(state: RoomState, ahead: number) {
    const { used, rate, growth, top, speed, seatsEach, seatsSpare } = state;
    const seconds = secondsUntil(ahead + 1, used ? { rate, growth, top } : { rate: speed, growth: 0, top: speed });
    const likelySoldOut = ahead * seatsEach >= seatsSpare || undefined;
    return { seconds, likelySoldOut, isTold: !likelySoldOut && seconds <= MAX_WAIT_SECONDS };
  }

  function waitingView(room: KnownRoom, state: RoomState, position: number): VisitorView {
    const ahead = Math.max(0, position - state.serving - 1);
    const { seconds, likelySoldOut, isTold } = waitOf(state, ahead);
    const { paused } = state;
    if (paused) return view(room, 'waiting', askAgain(10, state), { position, ahead, paused, likelySoldOut });
    // Who will probably find nothing left is promised no time.
    if (!isTold) {
      const askSeconds = Math.min(seconds * ASK_SHARE, 2 + ahead / 100);
      return view(room, 'waiting', askAgain(askSeconds, state), { position, ahead, likelySoldOut });
    }
    const wait = {
      seconds: Math.ceil(seconds),
      fromSeconds: Math.floor(seconds * RANGE.from),
      toSeconds: Math.ceil(seconds * RANGE.to) + 1,
    };
    return view(room, 'waiting', askAgain(seconds * ASK_SHARE, state), { position, ahead, wait });
  }

  /** How a visitor stands, as far as this node knows by itself; `'turn'` with the position where Redis has to be asked. */
  function standOf(room: KnownRoom, arrival: number): VisitorView | { turnOf: number } {
    const { state } = room;
    if (state === undefined) return view(room, 'waiting', 2);
    if (!state.on) return view(room, 'open', MAX_ASK_SECONDS);
    const position = positionOf(room, arrival);
    if (position === undefined) {
      const left = (state.onSaleMs - Date.now()) / 1000;
      const onSaleAt = state.onSaleMs > 0 ? new Date(state.onSaleMs).toISOString() : undefined;
      return view(
        room,
        'before_sale',
        askAgain(Math.max(left, 0.5) + (Math.random() * state.joined) / DRAWN_PER_SECOND, state),
        {
          onSaleAt,
          paused: state.paused || undefined,
        },
      );
    }
    if (state.sold) return view(room, 'sold_out', MAX_ASK_SECONDS, { position });
    return position > state.serving ? waitingView(room, state, position) : { turnOf: position };
  }

  /** The view of who may be let in: the same admission token, however often it is asked for. */
  async function turnView(room: KnownRoom, { arrival, userId }: Visitor, position: number): Promise<VisitorView> {
    const key = `${room.eventId}:${room.generation}:${arrival}`;
    const kept = turns.get(key);
    if (kept !== undefined && kept.untilMs > performance.now()) return kept.view;
    const mine = await turnOf();
    if (turns.size >= MAX_TURNS_KEPT) turns.clear();
    turns.set(key, { view: mine, untilMs: performance.now() + TURN_KEPT_MS });
    return mine;

    async function turnOf(): Promise<VisitorView> {
      const { eventId, generation, state, tokens } = room;
      const answer = await store.takeTurn(room, position, arrival).catch((fault: Error) => {
        log.warn({ fault: fault.message }, 'a turn cannot be taken now');
        return 'WAIT' as const;
      });
      if (answer === 'PASSED') return view(room, 'turn_passed', MAX_ASK_SECONDS, { position });
      if (answer === 'LEFT') return view(room, 'left', MAX_ASK_SECONDS, { position });
      if (typeof answer === 'string') return view(room, 'waiting', 1, { position, ahead: 0 });
      const uses = state?.uses ?? 1;
      const token = tokens.signAdmission({ eventId, generation, position, userId, untilMs: answer, uses });
      const expiresAt = new Date(answer).toISOString();
      return view(room, 'your_turn', 10, { position, ahead: 0, admission: { token, expiresAt, uses } });
    }
  }

  /** Whose visitor token this is, in the room's line as it is now. */
  function visitorOf(room: KnownRoom, token: string | undefined): Visitor | undefined {
    const visitor = token === undefined ? undefined : room.tokens.readVisitor(token);
    return visitor?.eventId === room.eventId && visitor.generation === room.generation ? visitor : undefined;
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
  const running = run();

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
     * @throws ApiError PLACE_UNKNOWN where somebody has to wait and the token is none of this line
     */
    poll(eventId: number, token: string | undefined): VisitorView | Promise<VisitorView> {
      const room = rooms.get(eventId);
      if (room === undefined || room.state?.on === false) return view({ eventId }, 'open', MAX_ASK_SECONDS);
      const visitor = visitorOf(room, token);
      if (visitor === undefined) throw new ApiError('PLACE_UNKNOWN');
      return stand(room, visitor);
    },

    /**
     * A place in line: the one that the token or the user has, as long as its turn has not passed, else a new one.
     *
     * @throws ApiError OVERLOADED; UNAVAILABLE, and then a place may have been given that nobody takes
     */
    async join(
      eventId: number,
      { token, nonce, userId }: { token: string | undefined; nonce: string | undefined; userId: number | undefined },
    ): Promise<VisitorView & { visitorToken: string; isNew: boolean; receipt?: Receipt | undefined }> {
      const room = rooms.get(eventId);
      if (room === undefined || room.state?.on === false)
        return { ...view({ eventId }, 'open', MAX_ASK_SECONDS), visitorToken: '', isNew: false };
      const over = (status: VisitorView['status']) => status === 'turn_passed' || status === 'left';
      let instead: number | undefined;

      const before = visitorOf(room, token);
      if (before !== undefined && before.userId === userId) {
        const now = (await store.hasLeft(room, before.arrival)) ? undefined : await stand(room, before);
        if (now !== undefined && !over(now.status)) return { ...now, visitorToken: token ?? '', isNew: false };
        instead = before.arrival;
      }
      for (;;) {
        const adding = room.join({ nonce: nonce ?? randomBytes(16).toString('base64url'), userId, instead });
        if (adding === undefined) throw new ApiError('OVERLOADED');
        const { arrival, isNew, receipt } = await adding.catch((fault: Error) => {
          throw new ApiError('UNAVAILABLE', undefined, {}, fault);
        });
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
      turns.delete(`${eventId}:${room.generation}:${arrival}`);
      return view(room, 'left', MAX_ASK_SECONDS);
    },

    /**
     * The admission that a booking of an event goes under; undefined where none is needed. Checked here alone; its uses are counted
     * where seats are claimed.
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
      const { generation, position, uses, untilMs } = admission;
      if (untilMs <= Date.now()) throw new ApiError('ADMISSION_INVALID', 'The admission has run out.');
      if (admission.userId !== undefined && admission.userId !== userId)
        throw new ApiError('ADMISSION_INVALID', 'The admission is another user’s.');
      return { generation, position, uses, untilMs };
    },

    async stop(): Promise<void> {
      stopped = true;
      await Promise.race([running, sleep(STOP_MS, undefined, { ref: false })]);
    },
  };
}

export type WaitingRooms = Awaited<ReturnType<typeof createWaitingRooms>>;
