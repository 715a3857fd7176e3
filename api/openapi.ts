import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponsesObject } from 'zod-openapi';
import {
  alive,
  availability,
  cleared,
  conflict,
  initialized,
  occupancy,
  problem,
  readiness,
  reservation,
  stats,
} from '../shared/contract/answers.ts';
import { bookingBody, changeBody, confirmBody } from '../shared/contract/bookings.ts';
import { type ErrorCode, statusOf, titleOf } from '../shared/contract/codes.ts';
import {
  blockAnswer,
  blockBody,
  eventChange,
  eventList,
  eventView,
  newEvent,
  seatList,
  seatMap,
} from '../shared/contract/events.ts';
import { herdView } from '../shared/contract/herd.ts';
import { eventId, ticketId } from '../shared/contract/ids.ts';
import { auditReport, rebuildReport } from '../shared/contract/jobs.ts';
import { runWish } from '../shared/contract/reserve.ts';
import { booking, ticketReceipt, ticketView } from '../shared/contract/tickets.ts';
import { loginBody, session } from '../shared/contract/users.ts';
import {
  drawView,
  joinAnswer,
  joinBody,
  roomChange,
  roomView,
  seatSystemRoom,
  visitorView,
} from '../shared/contract/waiting-room.ts';
import { workersBody, workersView } from '../shared/contract/workers.ts';
import { groupBy } from '../shared/domain/group-by.ts';
import { lookAfterQuery } from './routes/admin.ts';
import { listQuery, showQuery } from './routes/events.ts';
import { availableQuery, mapQuery } from './routes/seats.ts';

const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });
const body = (schema: z.ZodType) => ({ required: true, ...json(schema) });
const answer = (description: string, schema: z.ZodType) => ({ description, ...json(schema) });

/** Codes that come with the seconds after which to try again. Where limits are on, `RateLimit` tells of them in every answer. */
const PAUSES = new Set<ErrorCode>(['RATE_LIMITED', 'OVERLOADED', 'UNAVAILABLE']);

/** Errors of surface B, by the status of their codes. */
function problems(...codes: ErrorCode[]): ZodOpenApiResponsesObject {
  const all: ErrorCode[] = [...codes, 'INVALID_REQUEST', 'UNAVAILABLE', 'INTERNAL'];
  const byStatus = groupBy(all, (code) => String(statusOf(code)));
  const content = { 'application/problem+json': { schema: problem } };
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [
      status,
      {
        description: some.map((code) => `${code}: ${titleOf(code)}`).join(' '),
        content,
        ...(some.some((code) => PAUSES.has(code)) ? { headers: z.object({ 'Retry-After': z.string() }) } : {}),
      },
    ]),
  );
}

/** Surface A has one status for everything that is wrong. */
const conflicts = { '409': answer('Anything that is wrong, with a code.', conflict) };

const BODY: ErrorCode[] = ['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];
const OPERATOR: ErrorCode[] = ['UNAUTHENTICATED', 'FORBIDDEN'];
const BOOK: ErrorCode[] = [
  ...['EVENT_UNKNOWN', 'USER_UNKNOWN', 'SEAT_TAKEN', 'SOLD_OUT', 'NO_ADJACENT_SEATS', 'SINGLE_SEAT_LEFT'],
  ...[
    'SEAT_LIMIT',
    'NOT_ON_SALE',
    'SALES_PAUSED',
    'IDEMPOTENCY_MISMATCH',
    'UNAUTHENTICATED',
    'RATE_LIMITED',
    'OVERLOADED',
    'ADMISSION_REQUIRED',
    'ADMISSION_INVALID',
  ],
] as ErrorCode[];
const CHANGE: ErrorCode[] = [
  'BOOKING_UNKNOWN',
  'HOLD_EXPIRED',
  'IDEMPOTENCY_MISMATCH',
  'UNAUTHENTICATED',
  'RATE_LIMITED',
  'OVERLOADED',
];

const wait = z
  .int()
  .min(0)
  .optional()
  .meta({ description: 'Seconds to wait for the outcome, up to 60. Also as `Prefer: wait=N`.' });
const key = z.string().min(1).max(255).optional().meta({
  description: 'The same key and body give the same outcome. At least 16 characters from who is not logged in.',
});

const admitted = {
  'X-Admission-Token': z.string().optional().meta({ description: 'Needed while the waiting room is on.' }),
};
const visitor = z.object({
  'X-Visitor-Token': z.string().optional().meta({ description: 'What joining answered.' }),
});

const waits = { query: z.object({ wait }) };
const keyedAndAdmitted = { header: z.object({ 'Idempotency-Key': key, ...admitted }) };
const keyed = { header: z.object({ 'Idempotency-Key': key }) };
const eventPath = { path: z.object({ id: eventId }) };
const bookingPath = { path: z.object({ id: ticketId }) };
const user = [{}, { user: [] }];
const operator = [{}, { operator: [] }];

const change = (summary: string, schema: z.ZodType): ZodOpenApiOperationObject => ({
  summary,
  tags: ['Bookings'],
  security: user,
  requestParams: { ...bookingPath, ...waits, ...keyed },
  requestBody: json(schema),
  responses: {
    '200': answer('The booking as it is now.', booking),
    '202': answer('It takes longer: a ticket to follow.', ticketReceipt),
    ...problems(...CHANGE, ...BODY),
  },
});

const block = (summary: string): ZodOpenApiOperationObject => ({
  summary,
  tags: ['Operators'],
  security: operator,
  requestParams: { ...eventPath, ...keyed },
  requestBody: body(blockBody),
  responses: {
    '200': answer('How many seats changed.', blockAnswer),
    ...problems('EVENT_UNKNOWN', 'SEAT_TAKEN', 'IDEMPOTENCY_MISMATCH', ...OPERATOR, ...BODY),
  },
});

const lookAfter = (summary: string, description: string, schema: z.ZodType): ZodOpenApiOperationObject => ({
  summary,
  tags: ['Operators'],
  security: operator,
  requestParams: { query: lookAfterQuery, ...keyed },
  responses: {
    '200': answer(description, schema),
    ...problems('EVENT_UNKNOWN', 'IDEMPOTENCY_MISMATCH', ...OPERATOR),
  },
});

/** The API as OpenAPI 3.1, made from the schemas that it parses and answers with. A test holds routes and answers to it. */
export function openApiDocument() {
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Frontrow',
      version: '1',
      description:
        'Queue-backed seat booking. A request answers with a ticket; its outcome comes by polling or over WebSocket `/ws`.',
    },
    components: {
      securitySchemes: {
        user: { type: 'http', scheme: 'bearer', description: 'The token of `POST /api/users/login`, where AUTH=on.' },
        operator: { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN.' },
      },
    },
    paths: {
      '/reserve': {
        post: {
          summary: 'Buy seats side by side in event 1, at once',
          tags: ['Seat system'],
          requestParams: { ...waits, ...keyedAndAdmitted },
          requestBody: body(runWish),
          responses: {
            '200': answer('Sold.', reservation),
            '201': answer('On the queue.', ticketReceipt),
            ...conflicts,
          },
        },
      },
      '/occupancy/{zone}/{row}': {
        get: {
          summary: 'Seats taken in a row',
          tags: ['Seat system'],
          requestParams: { path: z.object({ zone: z.int(), row: z.int() }) },
          responses: { '200': answer('Counts.', occupancy), ...conflicts },
        },
      },
      '/availability/check-all': {
        get: {
          summary: 'Seats taken in the house',
          tags: ['Seat system'],
          responses: { '200': answer('Counts.', availability), ...conflicts },
        },
      },
      '/stats': {
        get: {
          summary: 'Figures of Redis',
          tags: ['Seat system'],
          responses: { '200': answer('Figures.', stats), ...conflicts },
        },
      },
      '/initialize': {
        post: {
          summary: 'Make Redis hold the house; what is sold stays sold',
          tags: ['Seat system'],
          security: operator,
          requestParams: keyed,
          responses: { '201': answer('Done.', initialized), ...conflicts },
        },
      },
      '/clear': {
        post: {
          summary: 'Delete every booking of event 1',
          tags: ['Seat system'],
          security: operator,
          requestParams: keyed,
          responses: { '201': answer('Done.', cleared), ...conflicts },
        },
      },
      '/waiting-room': {
        get: {
          summary: 'Whether to book or to wait, for event 1',
          tags: ['Seat system'],
          requestParams: { header: visitor },
          responses: { '200': answer('How it stands.', seatSystemRoom), ...conflicts },
        },
      },
      '/api/bookings': {
        post: {
          summary: 'Hold seats: one label, several, or so many side by side',
          tags: ['Bookings'],
          security: user,
          requestParams: { ...waits, ...keyedAndAdmitted },
          requestBody: body(bookingBody),
          responses: {
            '201': answer('Held.', booking),
            '202': answer('On the queue.', ticketReceipt),
            ...problems(...BOOK, ...BODY),
          },
        },
      },
      '/api/bookings/{id}': {
        get: {
          summary: 'A booking',
          tags: ['Bookings'],
          security: user,
          requestParams: bookingPath,
          responses: { '200': answer('The booking.', booking), ...problems('BOOKING_UNKNOWN', 'UNAUTHENTICATED') },
        },
        delete: change('Cancel a hold', changeBody),
      },
      '/api/bookings/{id}/confirm': { post: change('Confirm a hold: the seats are sold', confirmBody) },
      '/api/bookings/{id}/extend': { post: change('Let a hold last longer', changeBody) },
      '/api/tickets/{id}': {
        get: {
          summary: 'What became of a request',
          tags: ['Bookings'],
          security: user,
          requestParams: { ...bookingPath, ...waits },
          responses: {
            '200': answer('The ticket as it is now.', ticketView),
            ...problems('TICKET_UNKNOWN', 'UNAUTHENTICATED', 'OVERLOADED'),
          },
        },
      },
      '/api/events': {
        get: {
          summary: 'Events',
          tags: ['Events'],
          requestParams: { query: listQuery },
          responses: { '200': answer('A page.', eventList), ...problems() },
        },
        post: {
          summary: 'Create an event',
          tags: ['Operators'],
          security: operator,
          requestParams: keyed,
          requestBody: body(newEvent),
          responses: {
            '201': answer('Created.', eventView),
            ...problems('IDEMPOTENCY_MISMATCH', ...OPERATOR, ...BODY),
          },
        },
      },
      '/api/events/{id}': {
        get: {
          summary: 'An event with its zones and counts, and with all its seats where asked',
          tags: ['Events'],
          requestParams: { ...eventPath, query: showQuery },
          responses: { '200': answer('The event.', eventView), ...problems('EVENT_UNKNOWN') },
        },
        patch: {
          summary: 'Change how an event is sold',
          tags: ['Operators'],
          security: operator,
          requestParams: eventPath,
          requestBody: body(eventChange),
          responses: {
            '200': answer('The event as it is now.', eventView),
            ...problems('EVENT_UNKNOWN', ...OPERATOR, ...BODY),
          },
        },
      },
      '/api/events/{id}/waiting-room': {
        post: {
          summary: 'Join the waiting room',
          tags: ['Waiting room'],
          security: user,
          requestParams: { ...eventPath, header: visitor },
          requestBody: json(joinBody),
          responses: {
            '200': answer('Nobody has to wait, or the place is kept.', joinAnswer),
            '201': answer('A new place.', joinAnswer),
            ...problems('EVENT_UNKNOWN', 'UNAUTHENTICATED', 'RATE_LIMITED', 'OVERLOADED', ...BODY),
          },
        },
        get: {
          summary: 'How a visitor stands; with the admission token once it is their turn',
          tags: ['Waiting room'],
          requestParams: { ...eventPath, header: visitor },
          responses: {
            '200': { ...answer('How it stands.', visitorView), headers: z.object({ 'Retry-After': z.string() }) },
            ...problems('EVENT_UNKNOWN', 'PLACE_UNKNOWN'),
          },
        },
        delete: {
          summary: 'Leave the waiting room, and what is left of an admission',
          tags: ['Waiting room'],
          requestParams: { ...eventPath, header: visitor },
          responses: {
            '200': answer('Gone.', visitorView),
            ...problems('EVENT_UNKNOWN', 'PLACE_UNKNOWN', 'RATE_LIMITED'),
          },
        },
        put: {
          summary: 'Change a waiting room; without any field, see how it stands',
          tags: ['Operators'],
          security: operator,
          requestParams: eventPath,
          requestBody: body(roomChange),
          responses: {
            '200': answer('The room as it is now.', roomView),
            ...problems('EVENT_UNKNOWN', 'OVERLOADED', ...OPERATOR, ...BODY),
          },
        },
      },
      '/api/events/{id}/waiting-room/draw': {
        get: {
          summary: 'What anybody can compute the drawn order from',
          tags: ['Waiting room'],
          requestParams: eventPath,
          responses: { '200': answer('The draw.', drawView), ...problems('EVENT_UNKNOWN', 'PLACE_UNKNOWN') },
        },
      },
      '/api/events/{id}/block': { post: block('Block seats: nobody holds or buys them') },
      '/api/events/{id}/unblock': { post: block('Unblock seats') },
      '/admin/audit': {
        post: lookAfter('Hold PostgreSQL and Redis against each other', 'What was compared and found.', auditReport),
      },
      '/admin/rebuild': {
        post: lookAfter('Write Redis anew from PostgreSQL', 'The houses that were written.', rebuildReport),
      },
      '/admin/session': {
        post: {
          summary: 'Let this browser look into the queues for eight hours, at the path that is answered',
          tags: ['Operators'],
          security: operator,
          responses: {
            '200': answer(
              'A cookie for that path alone, where operators need a token.',
              z.object({ path: z.string() }),
            ),
            ...problems(...OPERATOR),
          },
        },
      },
      '/admin/workers': {
        get: {
          summary: 'Worker processes that run, and how many there should be',
          tags: ['Operators'],
          security: operator,
          responses: { '200': answer('Now.', workersView), ...problems(...OPERATOR) },
        },
        post: {
          summary: 'Say how many worker processes there should be; `auto`: as many as the load needs',
          tags: ['Operators'],
          security: operator,
          requestBody: body(workersBody),
          responses: {
            '200': answer('Now. Whichever supervisor runs follows within a second or two.', workersView),
            ...problems(...OPERATOR, ...BODY),
          },
        },
      },
      '/admin/herd': {
        get: {
          summary: 'How far the herd of the event page is. On embedded servers only',
          tags: ['Operators'],
          security: operator,
          responses: { '200': answer('Now.', herdView), ...problems(...OPERATOR) },
        },
        post: {
          summary: 'Send 5,000 buyers to event 1, unless they are under way. On embedded servers only',
          tags: ['Operators'],
          security: operator,
          responses: { '202': answer('How far it is.', herdView), ...problems(...OPERATOR) },
        },
      },
      '/api/seats/available': {
        get: {
          summary: 'Free seats, from the front, page by page',
          tags: ['Events'],
          requestParams: { query: availableQuery },
          responses: { '200': answer('A page.', seatList), ...problems('EVENT_UNKNOWN') },
        },
      },
      '/api/seats/map': {
        get: {
          summary: 'Every seat as bitmaps, for drawing',
          tags: ['Events'],
          requestParams: { query: mapQuery, header: z.object({ 'If-None-Match': z.string().optional() }) },
          responses: {
            '200': { ...answer('The map.', seatMap), headers: z.object({ ETag: z.string() }) },
            '304': { description: 'It has not changed.' },
            ...problems('EVENT_UNKNOWN'),
          },
        },
      },
      '/api/users/login': {
        post: {
          summary: 'Log in: a signed token for an hour',
          tags: ['Users'],
          requestBody: body(loginBody),
          responses: {
            '200': answer('Who it is, and the token.', session),
            ...problems('UNAUTHENTICATED', 'RATE_LIMITED', 'OVERLOADED', ...BODY),
          },
        },
      },
      '/healthz': {
        get: { summary: 'This process runs', tags: ['Health'], responses: { '200': answer('It runs.', alive) } },
      },
      '/readyz': {
        get: {
          summary: 'What it needs answers, and the queue moves',
          tags: ['Health'],
          responses: { '200': answer('Ready.', readiness), '503': answer('Not ready.', readiness) },
        },
      },
      '/metrics': {
        get: {
          summary: 'What Prometheus reads of this API process, and of what all share',
          tags: ['Health'],
          responses: {
            '200': { description: 'Prometheus’ text format.', content: { 'text/plain': { schema: z.string() } } },
          },
        },
      },
      '/metrics/targets': {
        get: {
          summary: 'Where workers show their metrics, for http_sd_configs of Prometheus',
          tags: ['Health'],
          responses: { '200': answer('Their addresses.', z.array(z.object({ targets: z.array(z.string()) }))) },
        },
      },
      '/openapi.json': {
        get: {
          summary: 'This document',
          tags: ['Health'],
          responses: { '200': answer('OpenAPI 3.1.', z.looseObject({ openapi: z.string() })) },
        },
      },
      '/docs': {
        get: {
          summary: 'This document, to read and try',
          tags: ['Health'],
          responses: { '200': { description: 'A page.', content: { 'text/html': {} } } },
        },
      },
    },
  });
}
