import { z } from 'zod';
import { eventId } from './ids.ts';
import {
  MAX_ADMISSION_SECONDS,
  MAX_ADMISSION_USES,
  MAX_CHALLENGE_BITS,
  MAX_CHALLENGE_LENGTH,
  MAX_PROOF_LENGTH,
  MAX_SOLUTION_LENGTH,
  MAX_TURN_SECONDS,
  MIN_CHALLENGE_BITS,
} from './limits.ts';

/** Header in which a visitor shows the visitor token: that of joining, or of a poll. */
export const VISITOR_TOKEN_HEADER = 'x-visitor-token';

/** Header in which a booking shows its admission token. */
export const ADMISSION_TOKEN_HEADER = 'x-admission-token';

/**
 * Body of `POST /api/events/:id/waiting-room`, which may be left out. `nonce`: what the visitor adds to the draw. Where
 * the line requires a challenge: `challenge` with its `solution`, or the `proof` of an outside check.
 */
export const joinBody = z.strictObject({
  nonce: z
    .string()
    .regex(/^[\w-]{8,64}$/)
    .optional(),
  challenge: z.string().min(1).max(MAX_CHALLENGE_LENGTH).optional(),
  solution: z.string().min(1).max(MAX_SOLUTION_LENGTH).optional(),
  proof: z.string().min(1).max(MAX_PROOF_LENGTH).optional(),
});

/**
 * `GET /api/events/:id/waiting-room/challenge`, and `challenge` of a CHALLENGE_REQUIRED or CHALLENGE_INVALID: what
 * joining asks for. A solution of `work` is a text for which SHA-256 of `challenge`, a colon and the text begins with
 * `bits` zero bits.
 */
export const challengeView = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('off') }),
    z.object({
      kind: z.literal('work'),
      challenge: z.string(),
      bits: z.int(),
      expiresAt: z.iso.datetime(),
    }),
    z.object({ kind: z.literal('outside'), siteKey: z.string().optional() }),
  ])
  .meta({ id: 'Challenge' });

export type ChallengeView = z.infer<typeof challengeView>;

/** open: nobody has to wait. turn_passed: it was not taken in time; join again. sold_out: every seat is confirmed. */
export const visitorStatus = z.enum(['open', 'before_sale', 'waiting', 'your_turn', 'turn_passed', 'left', 'sold_out']);

/** Permission to book one event: for `X-Admission-Token`. */
export const admission = z.object({ token: z.string(), expiresAt: z.iso.datetime(), uses: z.int() });

/** `GET /api/events/:id/waiting-room`: how a visitor stands. Seconds are those from now. */
export const visitorView = z
  .object({
    eventId,
    status: visitorStatus,
    message: z.string(),
    /** Place in line, from 1, that never changes; not before the draw. */
    position: z.int().optional(),
    /** People who are let in before. */
    ahead: z.int().optional(),
    /** Estimated wait, and the range in which it probably lies. */
    wait: z.object({ seconds: z.int(), fromSeconds: z.int(), toSeconds: z.int() }).optional(),
    /** Nobody is let in for now. */
    paused: z.boolean().optional(),
    /** No worker runs: nobody is admitted, and there is no estimate. */
    stopped: z.literal(true).optional(),
    /** The seats left will probably not reach this position. */
    likelySoldOut: z.boolean().optional(),
    onSaleAt: z.iso.datetime().optional(),
    /** The event's zone, where `onSaleAt` is given. */
    timeZone: z.string().optional(),
    /** With `onSaleAt` or `admission`: now, by the clock that judges them. */
    now: z.iso.datetime().optional(),
    admission: admission.optional(),
    /** When to ask again; also in `Retry-After`. */
    askAgainSeconds: z.number(),
  })
  .meta({ id: 'Visitor' });

/**
 * What shows who joined before the sale that they are in the draw: `link` is the root of a tree of hashes in which `path` leads from
 * the nonce, and `chain` is the SHA-256 of `chainBefore` and `link`. docs/waiting-room.md tells how to compute them.
 */
export const receipt = z.object({
  arrival: z.int(),
  nonce: z.string(),
  path: z.array(z.string()),
  link: z.string(),
  chainBefore: z.string(),
  chain: z.string(),
});

export type Receipt = z.infer<typeof receipt>;

/** Answer to joining: 201 for a new place, 200 where the visitor token was good and the place is kept. */
export const joinAnswer = visitorView
  .extend({ visitorToken: z.string(), receipt: receipt.optional() })
  .meta({ id: 'Joined' });

export type VisitorView = z.infer<typeof visitorView>;

/** What an operator sets of a waiting room. */
const roomSettings = z.object({
  /** auto: on when the booking queue's ETA passes its limit, and before the sale; off once it is calm and nobody waits. */
  mode: z.enum(['off', 'on', 'auto']),
  /** Nobody is let in. Who is inside stays. */
  paused: z.boolean(),
  /** People let in a minute. Null: as many as the queue drains. */
  peoplePerMinute: z.int().min(1).max(10_000_000).nullable(),
  /** People inside at once, who have been let in and have not booked yet. Null: as many as seats are free. */
  peopleInside: z.int().min(1).max(10_000_000).nullable(),
  /** Of the booking queue: above a quarter of it letting in slows. */
  etaLimitSeconds: z.number().min(0.1).max(600),
  /**
   * Seconds in which a turn has to be taken, and that an admission lasts after these. A change is for those called
   * after it.
   */
  turnSeconds: z.int().min(1).max(MAX_TURN_SECONDS),
  admissionSeconds: z.int().min(1).max(MAX_ADMISSION_SECONDS),
  /** Bookings that one admission is good for. */
  uses: z.int().min(1).max(MAX_ADMISSION_USES),
  /** Only who has logged in may join, each once. */
  requireLogin: z.boolean(),
  /** The price of a new place: nothing, work that a page does by itself, or a check of an outside service. */
  challenge: z.enum(['off', 'work', 'outside']),
  /** Bits of the work; auto: more of them the more join. */
  challengeBits: z.union([z.literal('auto'), z.int().min(MIN_CHALLENGE_BITS).max(MAX_CHALLENGE_BITS)]),
});

export type RoomSettings = z.infer<typeof roomSettings>;

/** Body of `PUT /api/events/:id/waiting-room`: what is to be different. */
export const roomChange = roomSettings.partial().strict();

export type RoomChange = z.infer<typeof roomChange>;

/** Answer to it: the settings, and how the line stands. */
export const roomView = z
  .object({
    eventId,
    ...roomSettings.shape,
    /** Whether booking needs an admission token right now. */
    on: z.boolean(),
    /** Arrival numbers given, and the last position whose turn has come. */
    joined: z.int(),
    serving: z.int(),
    waiting: z.int(),
    /** People who were let in and have not booked, and whose turn it is and who did not come yet. */
    inside: z.int(),
    offered: z.int(),
    /** People that may be let in a second, and that were of late. */
    ratePerSecond: z.number(),
    speedPerSecond: z.number(),
    /** Of the booking queue. */
    etaSeconds: z.number(),
    seatsFree: z.int(),
  })
  .meta({ id: 'WaitingRoom' });

/**
 * `GET /api/events/:id/waiting-room/draw`. `commitment` is the SHA-256 of the seed, shown from the beginning; `seed`, `people` and `chain` once
 * the order is drawn, before that `chain` is the one so far.
 */
export const drawView = z
  .object({
    eventId,
    drawn: z.boolean(),
    commitment: z.string(),
    chain: z.string(),
    people: z.int(),
    seed: z.string().optional(),
  })
  .meta({ id: 'Draw' });

/** `GET /waiting-room` of event 1: a status of the compat routes, and the fields of a visitor's view. */
export const compatRoom = visitorView
  .omit({ status: true })
  .partial()
  .extend({ status: z.enum(['proceed_to_booking', 'waiting', 'closed']), message: z.string() });
