import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The holder of a place: the arrival number in one generation of an event's line. `userId` is set where visitors of the
 * event must log in.
 */
export type Visitor = { eventId: number; generation: number; arrival: number; userId?: number | undefined };

/** Permission to book for the holder of a position: until when (milliseconds since 1970), and how often. */
export type Admission = {
  eventId: number;
  generation: number;
  position: number;
  userId?: number | undefined;
  untilMs: number;
  uses: number;
};

/** Work that a line requires for a place: its bits, its end, and a number that makes it unique. */
export type Challenge = { eventId: number; generation: number; bits: number; untilMs: number; number: number };

/** The kind of a token: a visitor, an admission, a challenge. */
type Kind = 'v' | 'a' | 'c';

/** The longest a token of any kind may be, in characters. */
const MAX_TOKEN = 160;

/** A text of the kind and the numbers, and the HMAC-SHA256 of them at the end. */
function sign(secret: Buffer, kind: Kind, numbers: readonly number[]): string {
  const text = `${kind}.${numbers.join('.')}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

/** The numbers of a token that was signed with this secret as this kind; undefined for every other text. */
function verify(secret: Buffer, kind: Kind, token: string): number[] | undefined {
  if (token.length > MAX_TOKEN) return undefined;
  const end = token.lastIndexOf('.');
  const text = token.slice(0, end);
  if (!text.startsWith(`${kind}.`)) return undefined;
  const signature = Buffer.from(token.slice(end + 1));
  const expected = Buffer.from(createHmac('sha256', secret).update(text).digest('base64url'));
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return undefined;
  return text.slice(2).split('.').map(Number);
}

/** Tokens of one generation of one event's line, signed with that line's own secret. */
export function createRoomTokens(secret: Buffer) {
  return {
    signVisitor: ({ eventId, generation, arrival, userId = 0 }: Visitor): string =>
      sign(secret, 'v', [eventId, generation, arrival, userId]),

    /** The holder of a place; undefined where the token was not signed here. */
    readVisitor(token: string): Visitor | undefined {
      const [eventId, generation, arrival, user] = verify(secret, 'v', token) ?? [];
      if (eventId === undefined || generation === undefined || arrival === undefined) return undefined;
      return { eventId, generation, arrival, userId: user || undefined };
    },

    /** The same admission always gives the same token, so a repeated poll gets no second one. */
    signAdmission: ({ eventId, generation, position, userId = 0, untilMs, uses }: Admission): string =>
      sign(secret, 'a', [eventId, generation, position, userId, untilMs, uses]),

    signChallenge: ({ eventId, generation, bits, untilMs, number }: Challenge): string =>
      sign(secret, 'c', [eventId, generation, bits, untilMs, number]),

    /** The work of a challenge; undefined where it was not signed here. The caller judges whether it is still valid. */
    readChallenge(token: string): Challenge | undefined {
      const [eventId, generation, bits, untilMs, number] = verify(secret, 'c', token) ?? [];
      if (eventId === undefined || generation === undefined || bits === undefined) return undefined;
      if (untilMs === undefined || number === undefined) return undefined;
      return { eventId, generation, bits, untilMs, number };
    },

    /** An admission; undefined where it was not signed here. The caller judges whether it is still valid. */
    readAdmission(token: string): Admission | undefined {
      const [eventId, generation, position, user, untilMs, uses] = verify(secret, 'a', token) ?? [];
      if (eventId === undefined || generation === undefined || position === undefined) return undefined;
      if (untilMs === undefined || uses === undefined) return undefined;
      return { eventId, generation, position, userId: user || undefined, untilMs, uses };
    },
  };
}
