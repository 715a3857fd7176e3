import { setTimeout as sleep } from 'node:timers/promises';
import type { VisitorView } from '../../shared/contract/waiting-room.ts';
import type { Visitor } from '../../shared/domain/room-tokens.ts';
import { beforeSaleView, MAX_ASK_SECONDS, viewOf } from '../../shared/domain/visitor-view.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { TurnRefusal } from '../../shared/stores/redis/rooms.ts';
import type { RoomStore } from '../../shared/stores/rooms.ts';
import { ApiError } from '../http/errors.ts';
import type { KnownLine } from './line.ts';
import { saleOf } from './line-view.ts';
import { nowOf } from './room-clock.ts';

/** Milliseconds for which a taken or passed turn is cached: sooner polls cost no call of Redis. */
const CACHED_MS = 1_000;
const MAX_CACHED = 20_000;

/**
 * Milliseconds between the attempts to take a turn, and after which no further one begins: a page waits 10 s for an
 * answer.
 */
const RETRY_PAUSES_MS = [100, 300];
const MAX_ATTEMPTS_MS = 3_000;

/** Refusals of a turn that has begun: Redis has lost the line, or is back with old data. A worker mends both. */
const isTemporary = (answer: number | TurnRefusal): boolean => answer === 'WAIT' || answer === 'REBUILD';

/** Takes the turns of visitors whose position is called. */
export function createTurns({ rooms, log }: { rooms: Pick<RoomStore, 'takeTurn'>; log: Logger }) {
  const cache = new Map<string, { view: VisitorView; untilMs: number }>();
  const cacheKey = ({ eventId, generation }: KnownLine, arrival: number) => `${eventId}:${generation}:${arrival}`;

  /** Taking a turn again changes nothing, so a call that failed is retried. */
  async function takeTurn(line: KnownLine, position: number, arrival: number): Promise<number | TurnRefusal> {
    const startedAt = performance.now();
    for (let attempt = 0; ; attempt += 1) {
      const answer = await rooms.takeTurn(line, position, arrival).catch((fault: Error) => {
        log.warn({ eventId: line.eventId, fault: fault.message }, 'taking a turn failed');
        return 'WAIT' as const;
      });
      const pauseMs = RETRY_PAUSES_MS[attempt];
      if (!isTemporary(answer) || pauseMs === undefined) return answer;
      if (performance.now() - startedAt > MAX_ATTEMPTS_MS) return answer;
      await sleep(pauseMs);
    }
  }

  /** Caches only answers that stay true: `waiting` must not be repeated once a visitor behind was admitted. */
  function remember(key: string, view: VisitorView, forMs: number): VisitorView {
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(key, { view, untilMs: performance.now() + Math.min(CACHED_MS, forMs) });
    return view;
  }

  return {
    /**
     * The view of a visitor whose position is called. Repeated polls get the same admission token.
     *
     * @throws ApiError UNAVAILABLE where the turn cannot be taken and this node has admitted a visitor behind
     */
    async view(line: KnownLine, visitor: Visitor, position: number): Promise<VisitorView> {
      const key = cacheKey(line, visitor.arrival);
      const cached = cache.get(key);
      if (cached !== undefined && cached.untilMs > performance.now()) return cached.view;
      const { departures } = line;
      const answer = await takeTurn(line, position, visitor.arrival);
      if (answer === 'CLOSED' && line.state !== undefined)
        return beforeSaleView(saleOf(line.eventId, line.state), nowOf(line.state), position);
      const view = typeof answer === 'number' ? admit(line, visitor, position, answer) : refuse(line, position, answer);
      const mayHaveLeft = line.departures !== departures;
      const isFinal = view.status !== 'waiting' && !mayHaveLeft;
      const forMs = typeof answer === 'number' ? answer - nowOf(line.state) : CACHED_MS;
      return isFinal ? remember(key, view, forMs) : view;
    },

    /** Forgets the cached turn of a visitor who left. */
    forget: (line: KnownLine, arrival: number) => cache.delete(cacheKey(line, arrival)),
  };
}

export type Turns = ReturnType<typeof createTurns>;

function admit(line: KnownLine, { userId }: Visitor, position: number, untilMs: number): VisitorView {
  const { eventId, generation, tokens, state } = line;
  line.furthestAdmitted = Math.max(line.furthestAdmitted, position);
  const uses = state?.uses ?? 1;
  const token = tokens.signAdmission({ eventId, generation, position, userId, untilMs, uses });
  const admission = { token, expiresAt: new Date(untilMs).toISOString(), uses };
  const now = new Date(nowOf(state)).toISOString();
  return viewOf(eventId, 'your_turn', 10, { position, ahead: 0, now, admission });
}

function refuse({ eventId, furthestAdmitted }: KnownLine, position: number, refusal: TurnRefusal): VisitorView {
  if (refusal === 'PASSED') return viewOf(eventId, 'turn_passed', MAX_ASK_SECONDS, { position });
  if (refusal === 'LEFT') return viewOf(eventId, 'left', MAX_ASK_SECONDS, { position });
  if (position <= furthestAdmitted) throw new ApiError('UNAVAILABLE', 'Your turn has come. Try again.');
  return viewOf(eventId, 'waiting', 1, { position, ahead: 0 });
}
