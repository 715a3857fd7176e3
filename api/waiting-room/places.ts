import { randomBytes } from 'node:crypto';
import type { Receipt, VisitorView } from '../../shared/contract/waiting-room.ts';
import { MAX_ASK_SECONDS, viewOf } from '../../shared/domain/visitor-view.ts';
import type { RoomStore } from '../../shared/stores/rooms.ts';
import { ApiError } from '../http/errors.ts';
import type { JoinChallenge, Shown } from './join-challenge.ts';
import { type KnownLine, positionOf, visitorOf } from './line.ts';
import { nowOf } from './room-clock.ts';
import type { Standing } from './standing.ts';
import type { Turns } from './turns.ts';

/** A request to join. `shown`: the proof for a new place, where the line requires a challenge. */
export type JoinRequest = {
  token: string | undefined;
  nonce: string | undefined;
  userId: number | undefined;
  shown: Shown;
};

export type PlaceView = VisitorView & { visitorToken: string; isNew: boolean; receipt?: Receipt | undefined };

const hasEnded = ({ status }: VisitorView): boolean => status === 'turn_passed' || status === 'left';

/** The places of visitors: getting, keeping and giving up. */
export function createPlaces(deps: {
  rooms: Pick<RoomStore, 'hasLeft' | 'leave'>;
  challenges: JoinChallenge;
  standing: Standing;
  turns: Turns;
}) {
  const { rooms, challenges, standing, turns } = deps;

  /** The place of a visitor token, while it has not ended; or the arrival number that a new place replaces. */
  async function findOwnPlace(line: KnownLine, { token, userId }: JoinRequest) {
    const visitor = visitorOf(line, token);
    if (visitor === undefined || visitor.userId !== userId) return {};
    const view = (await rooms.hasLeft(line, visitor.arrival)) ? undefined : await standing(line, visitor);
    if (view === undefined || hasEnded(view)) return { replaces: visitor.arrival };
    return { place: { ...view, visitorToken: token ?? '', isNew: false } };
  }

  /** Joins a line. A user's earlier place, found without its token, may have ended too: then a new one replaces it. */
  async function takePlace(line: KnownLine, request: JoinRequest, replaces: number | undefined): Promise<PlaceView> {
    const { nonce = randomBytes(16).toString('base64url'), userId, shown } = request;
    const spent = await challenges.check(line, shown, nowOf(line.state));
    let replaced = replaces;
    for (;;) {
      const joining = line.join({ nonce, userId, replaces: replaced, spent });
      if (joining === undefined) throw new ApiError('OVERLOADED');
      const joined = await joining;
      if (joined === 'spent') throw challenges.refusal('CHALLENGE_INVALID', line, nowOf(line.state));
      const { arrival, isNew, receipt } = joined;
      const visitor = { eventId: line.eventId, generation: line.generation, arrival, userId };
      const view = await standing(line, visitor);
      const mustReplace = !isNew && (hasEnded(view) || (await rooms.hasLeft(line, arrival)));
      if (!mustReplace || replaced === arrival)
        return { ...view, visitorToken: line.tokens.signVisitor(visitor), isNew, receipt };
      replaced = arrival;
    }
  }

  return {
    /**
     * A place in line: that of the token or of the user until its turn has passed, else a new one.
     *
     * @throws ApiError CHALLENGE_REQUIRED, CHALLENGE_INVALID; OVERLOADED; UNAVAILABLE, or the fault of the call: then a
     *   number may have been given that stays unused
     */
    async join(line: KnownLine, request: JoinRequest): Promise<PlaceView> {
      const { place, replaces } = await findOwnPlace(line, request);
      return place ?? takePlace(line, request, replaces);
    },

    /** Gives a place up. @throws ApiError PLACE_UNKNOWN, UNAVAILABLE */
    async leave(line: KnownLine | undefined, token: string | undefined): Promise<VisitorView> {
      const visitor = line === undefined ? undefined : visitorOf(line, token);
      if (line === undefined || visitor === undefined) throw new ApiError('PLACE_UNKNOWN');
      const { arrival } = visitor;
      if (!(await rooms.leave(line, arrival, positionOf(line, arrival)))) throw new ApiError('UNAVAILABLE');
      line.departures += 1;
      turns.forget(line, arrival);
      return viewOf(line.eventId, 'left', MAX_ASK_SECONDS);
    },
  };
}
