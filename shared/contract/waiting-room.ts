import { z } from 'zod';
import { sites } from './gate.ts';
import { eventId } from './ids.ts';
import {
  MAX_ADMISSION_SECONDS,
  MAX_ADMISSION_USES,
  MAX_CHALLENGE_BITS,
  MAX_CHALLENGE_LENGTH,
  MAX_DONE_AT_ONCE,
  MAX_PROOF_LENGTH,
  MAX_SOLUTION_LENGTH,
  MAX_TURN_SECONDS,
  MIN_CHALLENGE_BITS,
} from './limits.ts';
import { look } from './look.ts';

/** Header with the visitor token of a poll, or of a visitor who joins again. */
export const VISITOR_TOKEN_HEADER = 'x-visitor-token';

/** Header with the admission token of a booking. */
export const ADMISSION_TOKEN_HEADER = 'x-admission-token';

/**
 * Body of `POST /api/events/:id/waiting-room`, which may be left out. `nonce`: the visitor's contribution to the draw.
 * Where the line requires a challenge: `challenge` with its `solution`, or the `proof` of an outside check.
 */
export const joinBody = z
  .strictObject({
    nonce: z
      .string()
      .regex(/^[\w-]{8,64}$/)
      .optional(),
    challenge: z.string().min(1).max(MAX_CHALLENGE_LENGTH).optional(),
    solution: z.string().min(1).max(MAX_SOLUTION_LENGTH).optional(),
    proof: z.string().min(1).max(MAX_PROOF_LENGTH).optional(),
  })
  .meta({ id: 'JoinRequest' });

/**
 * `GET /api/events/:id/waiting-room/challenge`, and `challenge` of a CHALLENGE_REQUIRED or CHALLENGE_INVALID: the
 * price of a new place. A solution of `work` is a text for which SHA-256 of `challenge`, a colon and the text begins
 * with `bits` zero bits.
 */
export const challengeView = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('off') }).meta({ id: 'NoChallenge' }),
    z
      .object({ kind: z.literal('work'), challenge: z.string(), bits: z.int(), expiresAt: z.iso.datetime() })
      .meta({ id: 'WorkChallenge' }),
    z.object({ kind: z.literal('outside'), siteKey: z.string().optional() }).meta({ id: 'OutsideChallenge' }),
  ])
  .meta({ id: 'Challenge' });

export type ChallengeView = z.infer<typeof challengeView>;

/**
 * open: there is no line. turn_passed: the turn was not taken in time; join again. sold_out: every seat is confirmed.
 * ended: the event has ended or was cancelled.
 */
export const visitorStatus = z.enum([
  'open',
  'before_sale',
  'waiting',
  'your_turn',
  'turn_passed',
  'left',
  'sold_out',
  'ended',
]);

/** Permission to book one event: for `X-Admission-Token`. */
export const admission = z
  .object({ token: z.string(), expiresAt: z.iso.datetime(), uses: z.int() })
  .meta({ id: 'Admission' });

/** `GET /api/events/:id/waiting-room`: a visitor's status. Seconds count from now. */
export const visitorView = z
  .object({
    eventId,
    status: visitorStatus,
    message: z.string(),
    /** Number in the drawn order, from 1. It never changes. Absent before the draw. */
    position: z.int().optional(),
    /** Visitors in front who wait too. */
    ahead: z.int().optional(),
    /** Estimated wait, and its probable range. */
    wait: z.object({ seconds: z.int(), fromSeconds: z.int(), toSeconds: z.int() }).optional(),
    /** An operator has paused the admissions. */
    paused: z.boolean().optional(),
    /** No worker runs: nobody is admitted, and there is no estimate. */
    stopped: z.literal(true).optional(),
    /** The seats left will probably not reach this position. */
    likelySoldOut: z.boolean().optional(),
    onSaleAt: z.iso.datetime().optional(),
    /** The event's zone, where `onSaleAt` is given. */
    timeZone: z.string().optional(),
    /** With `onSaleAt` or `admission`: the time of the clock that judges them, Redis'. */
    now: z.iso.datetime().optional(),
    admission: admission.optional(),
    /** Seconds until the next poll; also in `Retry-After`. */
    askAgainSeconds: z.number(),
  })
  .meta({ id: 'Visitor' });

/**
 * Proves to a visitor who joined before the sale that their nonce is in the draw: `link` is the root of a tree of
 * hashes, to which `path` leads from the nonce, and `chain` is the SHA-256 of `chainBefore` and `link`.
 * docs/waiting-room.md describes how to compute them.
 */
export const receipt = z
  .object({
    arrival: z.int(),
    nonce: z.string(),
    path: z.array(z.string()),
    link: z.string(),
    chainBefore: z.string(),
    chain: z.string(),
  })
  .meta({ id: 'Receipt' });

export type Receipt = z.infer<typeof receipt>;

/** Answer to joining: 201 for a new place, 200 where the visitor token is valid and the place is kept. */
export const joinAnswer = visitorView
  .extend({ visitorToken: z.string(), receipt: receipt.optional() })
  .meta({ id: 'Joined' });

export type VisitorView = z.infer<typeof visitorView>;

/** The settings of a waiting room. */
export const roomSettings = z
  .object({
    /**
     * auto: on when the booking queue's ETA exceeds its limit, and before the sale; off once it is calm and nobody
     * waits.
     */
    mode: z.enum(['off', 'on', 'auto']),
    /** Nobody is admitted. Admissions that were given stay valid. */
    paused: z.boolean(),
    /** Visitors admitted in a minute. Null: as many as the queue drains. */
    peoplePerMinute: z.int().min(1).max(10_000_000).nullable(),
    /** Admitted visitors who have not booked yet, at once. Null: as many as seats are free. */
    peopleInside: z.int().min(1).max(10_000_000).nullable(),
    /** Limit of the booking queue's ETA. Above a quarter of it, admissions slow down. */
    etaLimitSeconds: z.number().min(0.1).max(600),
    /**
     * Seconds in which a turn must be taken, and that an admission lasts after these. A change holds for visitors
     * called after it.
     */
    turnSeconds: z.int().min(1).max(MAX_TURN_SECONDS),
    admissionSeconds: z.int().min(1).max(MAX_ADMISSION_SECONDS),
    /** Bookings under one admission, and entries to each site. */
    uses: z.int().min(1).max(MAX_ADMISSION_USES),
    /** Only logged-in users may join, each once. */
    requireLogin: z.boolean(),
    /** The price of a new place: none, work that a page does by itself, or the check of an outside service. */
    challenge: z.enum(['off', 'work', 'outside']),
    /** Bits of the work. auto: the more visitors join, the more bits. */
    challengeBits: z.union([z.literal('auto'), z.int().min(MIN_CHALLENGE_BITS).max(MAX_CHALLENGE_BITS)]),
    /** The sites that the room stands in front of, by origin. Visitors are sent back only to them. */
    sites,
  })
  .meta({ id: 'WaitingRoomSettings' });

export type RoomSettings = z.infer<typeof roomSettings>;

/** The look of the waiting page, null for Frontrow's own. The line does not read it: it is apart from the settings. */
const ofPage = { look: look.nullable() };

/** Body of `PUT /api/events/:id/waiting-room`: the settings to change. */
export const roomChange = roomSettings.extend(ofPage).partial().strict().meta({ id: 'WaitingRoomChange' });

export type RoomChange = z.infer<typeof roomChange>;

/** Its answer: the settings, and the state of the line. */
export const roomView = z
  .object({
    eventId,
    ...roomSettings.shape,
    ...ofPage,
    /** Whether a booking needs an admission token now. */
    on: z.boolean(),
    /** The last arrival number that was given, and the last called position. */
    joined: z.int(),
    serving: z.int(),
    waiting: z.int(),
    /** Admitted visitors who have not booked, and called visitors who have not come. */
    inside: z.int(),
    offered: z.int(),
    /** Visitors that may be called in a second, and that were, of late. */
    ratePerSecond: z.number(),
    speedPerSecond: z.number(),
    /** Of the booking queue. */
    etaSeconds: z.number(),
    /** 0 of an event without seats. */
    seatsFree: z.int(),
    /** Visitors whom the site of an event without seats has reported as done in this line. */
    done: z.int(),
  })
  .meta({ id: 'WaitingRoom' });

/**
 * Body of `POST /api/events/:id/waiting-room/done`: visitors with whom the site of an event without seats is done since
 * its last report. They make room for others.
 */
export const doneBody = z.strictObject({ count: z.int().min(1).max(MAX_DONE_AT_ONCE) }).meta({ id: 'DoneReport' });

/** Its answer: the visitors reported in this line, ever, and admitted ones who are not done. */
export const doneAnswer = z.object({ eventId, done: z.int(), inside: z.int() }).meta({ id: 'Done' });

/**
 * `GET /api/events/:id/waiting-room/draw`. `commitment` is the SHA-256 of the seed and is shown from the beginning.
 * Before the draw, `people` and `chain` are those so far; `seed` is shown after it.
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
  .extend({ status: z.enum(['proceed_to_booking', 'waiting', 'closed']), message: z.string() })
  .meta({ id: 'CompatVisitor' });
