import { createHash, randomBytes } from 'node:crypto';
import type { ChallengeView, RoomSettings } from '../../shared/contract/waiting-room.ts';
import { bitsOf, isSolved } from '../../shared/domain/join-challenge.ts';
import type { Line } from '../../shared/domain/line.ts';
import type { createRoomTokens } from '../../shared/domain/room-tokens.ts';
import type { ShownChallenge } from '../../shared/stores/redis/rooms.ts';
import { ApiError } from '../http/errors.ts';
import type { OutsideCheck } from './outside-check.ts';

/**
 * Milliseconds for which a challenge lasts, and for which an outside check's token is remembered: longer than such
 * services accept a token.
 */
const WORK_MS = 120_000;
const PROOF_MS = 600_000;

/** The proof that a join shows for a new place. `client` and `address` name its sender for the outside check. */
export type Shown = {
  challenge: string | undefined;
  solution: string | undefined;
  proof: string | undefined;
  client: string;
  address: string;
};

/** A line that may require a challenge. */
type Challenging = Line & {
  settings: Pick<RoomSettings, 'challenge' | 'challengeBits'>;
  tokens: ReturnType<typeof createRoomTokens>;
  meter: { perSecond: () => number };
};

const CHECKED_ELSEWHERE =
  'This event checks its visitors by an outside service, on the page of its own site. Join the line there.';

/**
 * The challenges that lines require before they give a new place. A challenge is signed by its line, so nothing is
 * stored until it gives a place.
 */
export function createJoinChallenge({ outside }: { outside: OutsideCheck }) {
  /** A fresh challenge. */
  function offer({ eventId, generation, settings, tokens, meter }: Challenging, nowMs: number): ChallengeView {
    if (settings.challenge === 'off') return { kind: 'off' };
    if (settings.challenge === 'outside') return { kind: 'outside', siteKey: outside.siteKey };
    const bits = settings.challengeBits === 'auto' ? bitsOf(meter.perSecond()) : settings.challengeBits;
    const untilMs = Math.round(nowMs + WORK_MS);
    const challenge = tokens.signChallenge({
      eventId,
      generation,
      bits,
      untilMs,
      number: randomBytes(6).readUIntBE(0, 6),
    });
    return { kind: 'work', challenge, bits, expiresAt: new Date(untilMs).toISOString() };
  }

  /** The refusal of a join. Its fresh challenge saves the visitor a request. */
  const refusal = (code: 'CHALLENGE_REQUIRED' | 'CHALLENGE_INVALID', line: Challenging, nowMs: number): ApiError => {
    const detail =
      line.settings.challenge === 'outside' && code === 'CHALLENGE_REQUIRED' ? CHECKED_ELSEWHERE : undefined;
    return new ApiError(code, detail, { challenge: offer(line, nowMs) });
  };

  return {
    offer,
    refusal,

    /** Whether an outside service is set up, so that events may require its check. */
    hasOutside: outside.isSet,

    /**
     * Checks the proof of a join, without a call of Redis.
     *
     * @returns the challenge that the join spends; undefined where the line requires none
     * @throws ApiError CHALLENGE_REQUIRED, CHALLENGE_INVALID; OVERLOADED or UNAVAILABLE where the outside check fails
     */
    async check(line: Challenging, shown: Shown, nowMs: number): Promise<ShownChallenge | undefined> {
      const { eventId, generation, settings, tokens } = line;
      const { challenge, solution, proof, client, address } = shown;
      if (settings.challenge === 'off') return undefined;
      if (settings.challenge === 'outside') {
        if (proof === undefined) throw refusal('CHALLENGE_REQUIRED', line, nowMs);
        if (!(await outside.check({ proof, client, address }))) throw refusal('CHALLENGE_INVALID', line, nowMs);
        const id = createHash('sha256').update(proof).digest('base64url').slice(0, 22);
        return { minute: minuteOf(nowMs + PROOF_MS), id };
      }
      if (challenge === undefined || solution === undefined) throw refusal('CHALLENGE_REQUIRED', line, nowMs);
      const read = tokens.readChallenge(challenge);
      const isOurs = read?.eventId === eventId && read.generation === generation && read.untilMs > nowMs;
      if (!isOurs || !isSolved(challenge, solution, read.bits)) throw refusal('CHALLENGE_INVALID', line, nowMs);
      return { minute: minuteOf(read.untilMs), id: String(read.number) };
    },
  };
}

export type JoinChallenge = ReturnType<typeof createJoinChallenge>;

const minuteOf = (ms: number): number => Math.floor(ms / 60_000);
