// The types of the API, from the schemas of its contract. `npm run build` writes them out for the package, which has no
// dependency: this is the only file here that imports from outside.
import type { z } from 'zod';
import type { problem } from '../../shared/contract/answers.ts';
import type { bookingBody } from '../../shared/contract/bookings.ts';
import type { clientMessage, serverMessage } from '../../shared/contract/messages.ts';
import type { admission, joinAnswer, visitorStatus } from '../../shared/contract/waiting-room.ts';

export type { EventView, SeatMap, SeatStatus } from '../../shared/contract/events.ts';
export type { PlanView } from '../../shared/contract/houses.ts';
export type { Alternative, Booking, ErrorCode, TicketView } from '../../shared/contract/tickets.ts';
export type { ChallengeView, VisitorView } from '../../shared/contract/waiting-room.ts';

/** The body of an answer that is not a success. */
export type Problem = z.infer<typeof problem>;

/** The seats that are requested, and their buyer. */
export type BookRequest = z.input<typeof bookingBody>;

/** Permission to book one event. */
export type Admission = z.infer<typeof admission>;

export type Joined = z.infer<typeof joinAnswer>;
export type VisitorStatus = z.infer<typeof visitorStatus>;

/** Messages on `/ws`. */
export type ClientMessage = z.infer<typeof clientMessage>;
export type ServerMessage = z.infer<typeof serverMessage>;
