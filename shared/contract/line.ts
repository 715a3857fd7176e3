import { z } from 'zod';
import { eventId } from './ids.ts';

const asOf = z.iso
  .datetime()
  .describe("Redis' time at which the line was like this. Its age is `Date` - `asOf` + `Age` of the answer.");

/** An event without a line. */
const noLine = z.object({
  eventId,
  status: z
    .enum(['open', 'ended'])
    .describe('open: there is no line, book. ended: the event has ended or was cancelled.'),
  asOf,
});

const drawn = z
  .object({
    seed: z.string().describe('32 bytes, hexadecimal.'),
    people: z.int().describe('Visitors who were drawn: arrival numbers 1 to `people`.'),
    chain: z.string().describe("The chain of the visitors' nonces, 32 bytes, hexadecimal."),
  })
  .describe('The draw, once positions are known. The order is a permutation that docs/waiting-room.md describes.');

/** An event whose visitors wait. */
const waitingLine = z.object({
  eventId,
  status: z
    .enum(['before_sale', 'waiting', 'sold_out'])
    .describe(
      'before_sale: nobody is called before `onSaleAt`. waiting: positions are called in order. sold_out: every seat ' +
        'is confirmed; seats may come back.',
    ),
  asOf,
  generation: z.int().describe('The number of the line. A place with another one has ended: join again.'),
  paused: z.boolean().describe('An operator has paused the admissions.'),
  stopped: z.boolean().describe('No worker runs: nobody is admitted, and there is no estimate.'),
  sold: z.boolean().describe('Every seat is confirmed.'),
  requiresLogin: z.boolean().describe('Only places of users are valid: those whose visitor token has a user.'),
  people: z
    .int()
    .optional()
    .describe(
      'Visitors who joined before the sale and are drawn. Absent while the line is open for the draw. The position ' +
        'of a later visitor is the arrival number.',
    ),
  joined: z.int().describe('The last arrival number that was given.'),
  serving: z.int().describe('The last position that was called.'),
  ratePerSecond: z.number().describe('Visitors who are called in a second, now.'),
  growthPerSecond2: z
    .number()
    .describe('By how much that rate grows in a second, now: visitors/s². Divided by the rate it is constant.'),
  topPerSecond: z.number().describe('The rate at which the growth probably ends, in visitors/s.'),
  fastestPerSecond: z.number().describe('The highest rate that is possible, in visitors/s: for the shortest wait.'),
  steady: z.boolean().describe('The rate limits the admissions; else seats or people do, which is less sure.'),
  seatsSpare: z
    .number()
    .describe(
      'Seats that the visitors admitted so far will probably leave to the line; 1 of an event without seats, where ' +
        '`seatsEach` is 0.',
    ),
  seatsEach: z.number().describe('Seats that a visitor in the line takes, on average.'),
  seatsMost: z.number().describe('Seats that a visitor in the line takes, at most, as far as is known.'),
  seatBackSeconds: z
    .number()
    .describe('Seconds after which a seat comes back that nobody uses: a turn, an admission and a hold.'),
  turnSeconds: z.number().describe('Seconds in which a called visitor must ask for the admission.'),
  onSaleAt: z.iso.datetime().optional().describe("The sale's start, where it has a date."),
  timeZone: z.string().optional().describe("The event's zone, where `onSaleAt` is given."),
  draw: drawn.optional(),
});

/**
 * `GET /api/events/:id/line`: all from which the place and the wait of any visitor are computed, the same for
 * everybody. `standingIn` of shared/domain/line-standing.ts computes them from it and an arrival number.
 */
export const lineView = z.discriminatedUnion('status', [noLine, waitingLine]).meta({ id: 'Line' });

export type LineView = z.infer<typeof lineView>;

/** The view of a line in which visitors wait. */
export type WaitingLine = z.infer<typeof waitingLine>;
