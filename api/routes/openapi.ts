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
} from '../../shared/contract/answers.ts';
import { bookingBody, changeBody, confirmBody, returnBody } from '../../shared/contract/bookings.ts';
import { type ErrorCode, statusOf, titleOf } from '../../shared/contract/codes.ts';
import {
  blockAnswer,
  blockBody,
  clearBody,
  clearSentence,
  eventChange,
  eventList,
  eventView,
  newEvent,
  seatList,
  seatMap,
} from '../../shared/contract/events.ts';
import { herdView } from '../../shared/contract/herd.ts';
import { DEFAULT_EVENT, eventId, ticketId } from '../../shared/contract/ids.ts';
import { auditReport, rebuildReport } from '../../shared/contract/jobs.ts';
import { pipelineView } from '../../shared/contract/pipeline.ts';
import { runWish } from '../../shared/contract/reserve.ts';
import { booking, ticketReceipt, ticketView } from '../../shared/contract/tickets.ts';
import { trailPage, trailQuery } from '../../shared/contract/trail.ts';
import { loginBody, session } from '../../shared/contract/users.ts';
import {
  challengeView,
  drawView,
  joinAnswer,
  joinBody,
  roomChange,
  roomView,
  seatSystemRoom,
  visitorView,
} from '../../shared/contract/waiting-room.ts';
import { workersBody, workersView } from '../../shared/contract/workers.ts';
import { groupBy } from '../../shared/domain/group-by.ts';
import { lookAfterQuery } from './admin.ts';
import { listQuery, showQuery } from './events.ts';
import { availableQuery, mapQuery } from './seats.ts';

const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });
const answer = (description: string, schema: z.ZodType) => ({ description, ...json(schema) });
const ok = (description: string, schema: z.ZodType) => ({ '200': answer(description, schema) });

/** Codes that come with the seconds after which to try again. Where limits are on, `RateLimit` tells of them in every answer. */
const PAUSES = new Set<ErrorCode>(['RATE_LIMITED', 'OVERLOADED', 'UNAVAILABLE', 'HOLD_COOLDOWN']);

/** Seconds of the pause, which an answer of this status may have or always has. */
const pauseOf = (codes: readonly ErrorCode[]) =>
  codes.every((code) => PAUSES.has(code)) ? z.string() : z.string().optional();

/** Errors of an operation of surface B: those of its own, and those that any may have. */
const problems = (codes: readonly ErrorCode[]): ZodOpenApiResponsesObject =>
  problemsOf([...codes, 'INVALID_REQUEST', 'UNAVAILABLE', 'INTERNAL']);

/** Errors of surface B, by the status of their codes. */
function problemsOf(codes: readonly ErrorCode[]): ZodOpenApiResponsesObject {
  const byStatus = groupBy(codes, (code) => String(statusOf(code)));
  const content = { 'application/problem+json': { schema: problem } };
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [
      status,
      {
        description: some.map((code) => `${code}: ${titleOf(code)}`).join(' '),
        content,
        ...(some.some((code) => PAUSES.has(code)) ? { headers: z.object({ 'Retry-After': pauseOf(some) }) } : {}),
      },
    ]),
  );
}

/** What an operation takes. */
type Takes = {
  path?: z.ZodObject;
  query?: z.ZodObject;
  header?: z.ZodObject;
  body?: z.ZodType;
  /** Whether the body may be left out. */
  bodyOptional?: boolean;
};

const taken = ({ body, bodyOptional, ...requestParams }: Takes): Partial<ZodOpenApiOperationObject> => ({
  ...(Object.keys(requestParams).length > 0 && { requestParams }),
  ...(body !== undefined && { requestBody: { ...(!bodyOptional && { required: true }), ...json(body) } }),
});

/** Who may ask, and what who may not is told. Nobody needs a token where nothing asks for one: AUTH=off, or on this machine only. */
const WHO: Record<'anybody' | 'user' | 'operator', { security?: Record<string, string[]>[]; codes: ErrorCode[] }> = {
  anybody: { codes: [] },
  user: { security: [{}, { user: [] }], codes: ['UNAUTHENTICATED'] },
  operator: { security: [{}, { operator: [] }], codes: ['UNAUTHENTICATED', 'FORBIDDEN'] },
};

/** The codes of an operation that follow from what it takes. */
const codesOf = ({ header, body }: Takes): ErrorCode[] => [
  ...(header !== undefined && 'Idempotency-Key' in header.shape ? (['IDEMPOTENCY_MISMATCH'] as const) : []),
  ...(body === undefined ? [] : (['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const)),
];

/** Operations of surface B under one heading. `codes` are those beside the ones that follow from what is taken and who may ask. */
const operations =
  (tag: string, who: keyof typeof WHO) =>
  (
    summary: string,
    takes: Takes,
    answers: ZodOpenApiResponsesObject,
    codes: readonly ErrorCode[] = [],
  ): ZodOpenApiOperationObject => {
    const { security, codes: ofWho } = WHO[who];
    return {
      summary,
      tags: [tag],
      ...(security && { security }),
      ...taken(takes),
      responses: { ...answers, ...problems([...codes, ...ofWho, ...codesOf(takes)]) },
    };
  };

const ofBookings = operations('Bookings', 'user');
const ofEvents = operations('Events', 'anybody');
const ofRooms = operations('Waiting room', 'anybody');
const joinsRooms = operations('Waiting room', 'user');
const ofUsers = operations('Users', 'anybody');
const ofOperators = operations('Operators', 'operator');

/** Operations of surface A: one status for everything that is wrong. */
const ofCompat = (
  summary: string,
  takes: Takes,
  answers: ZodOpenApiResponsesObject,
  who: keyof typeof WHO = 'anybody',
): ZodOpenApiOperationObject => ({
  summary,
  tags: ['Seat system'],
  ...(WHO[who].security && { security: WHO[who].security }),
  ...taken(takes),
  responses: { ...answers, '409': answer('Anything that is wrong, with a code.', conflict) },
});

const ofHealth = (summary: string, responses: ZodOpenApiResponsesObject): ZodOpenApiOperationObject => ({
  summary,
  tags: ['Health'],
  responses: { ...responses, ...problemsOf(['INVALID_REQUEST']) },
});

const wait = z
  .int()
  .min(0)
  .optional()
  .meta({ description: 'Seconds to wait for the outcome, up to 60. Also as `Prefer: wait=N`.' });
const key = z.string().min(1).max(255).optional().meta({
  description: 'The same key and body give the same outcome. At least 16 characters from who is not logged in.',
});
const admission = z.string().optional().meta({ description: 'Needed while the waiting room is on.' });
const visitorToken = z.string().optional().meta({ description: 'What joining answered.' });

const waits = { query: z.object({ wait }) };
const keyed = { header: z.object({ 'Idempotency-Key': key }) };
const keyedAndAdmitted = { header: z.object({ 'Idempotency-Key': key, 'X-Admission-Token': admission }) };
const asVisitor = { header: z.object({ 'X-Visitor-Token': visitorToken }) };
const ofEvent = { path: z.object({ id: eventId }) };
const ofTicket = { path: z.object({ id: ticketId }) };

const change = (summary: string, body: z.ZodType, codes: ErrorCode[] = []) =>
  ofBookings(
    summary,
    { ...ofTicket, ...waits, ...keyed, body, bodyOptional: true },
    {
      ...ok('The booking as it is now.', booking),
      '202': answer('It takes longer: a ticket to follow.', ticketReceipt),
    },
    [
      ...(['BOOKING_UNKNOWN', 'HOLD_EXPIRED', 'ALREADY_CONFIRMED', 'ALREADY_CANCELLED'] as const),
      'ALREADY_RETURNED',
      ...(['PAYMENT_REFERENCE_USED', 'RATE_LIMITED', 'OVERLOADED'] as const),
      ...codes,
    ],
  );

const clearing = z.strictObject({
  confirm: z.string().meta({ description: `${clearSentence(1)}, with the number of the event` }),
});

const block = (summary: string) =>
  ofOperators(summary, { ...ofEvent, ...keyed, body: blockBody }, ok('How many seats changed.', blockAnswer), [
    'EVENT_UNKNOWN',
    'SEAT_TAKEN',
  ]);

const lookAfter = (summary: string, description: string, schema: z.ZodType) =>
  ofOperators(summary, { query: lookAfterQuery, ...keyed }, ok(description, schema), ['EVENT_UNKNOWN']);

const description =
  'Queue-backed seat booking. A request answers with a ticket; its outcome comes by polling or over WebSocket `/ws`.';

/** The API as OpenAPI 3.1, made from the schemas that it parses and answers with. A test holds routes and answers to it. */
export const openApiDocument = () =>
  createDocument({
    openapi: '3.1.0',
    info: { title: 'Frontrow', version: '1', description },
    components: {
      securitySchemes: {
        user: { type: 'http', scheme: 'bearer', description: 'The token of `POST /api/users/login`, where AUTH=on.' },
        operator: { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN.' },
      },
    },
    paths: {
      '/reserve': {
        post: ofCompat(
          'Buy seats side by side in event 1, at once',
          { ...waits, ...keyedAndAdmitted, body: runWish },
          { ...ok('Sold.', reservation), '201': answer('On the queue.', ticketReceipt) },
        ),
      },
      '/occupancy/{zone}/{row}': {
        get: ofCompat(
          'Seats taken in a row',
          { path: z.object({ zone: z.int(), row: z.int() }) },
          ok('Counts.', occupancy),
        ),
      },
      '/availability/check-all': {
        get: ofCompat('Seats taken in the house', {}, ok('Counts.', availability)),
      },
      '/stats': { get: ofCompat('Figures of Redis', {}, ok('Figures.', stats)) },
      '/initialize': {
        post: ofCompat(
          'Make Redis hold the house; what is sold stays sold',
          keyed,
          { '201': answer('Done.', initialized) },
          'operator',
        ),
      },
      '/clear': {
        post: ofCompat(
          'Delete every booking of event 1. On embedded servers the body may be left out',
          { ...keyed, body: clearBody(DEFAULT_EVENT), bodyOptional: true },
          { '201': answer('Done.', cleared) },
          'operator',
        ),
      },
      '/waiting-room': {
        get: ofCompat('Whether to book or to wait, for event 1', asVisitor, ok('How it stands.', seatSystemRoom)),
      },
      '/api/bookings': {
        post: ofBookings(
          'Hold seats: one label, several, or so many side by side',
          { ...waits, ...keyedAndAdmitted, body: bookingBody },
          {
            ...ok('Held before, under this key: the booking as it is now, where that is no hold any more.', booking),
            '201': answer('Held.', booking),
            '202': answer('On the queue.', ticketReceipt),
          },
          [
            ...([
              'BOOKING_UNKNOWN',
              'EVENT_UNKNOWN',
              'USER_UNKNOWN',
              'SEAT_TAKEN',
              'SOLD_OUT',
              'NO_ADJACENT_SEATS',
            ] as const),
            ...(['SINGLE_SEAT_LEFT', 'SEAT_LIMIT', 'HOLD_COOLDOWN', 'NOT_ON_SALE'] as const),
            ...(['SALES_PAUSED', 'RATE_LIMITED'] as const),
            ...(['OVERLOADED', 'ADMISSION_REQUIRED', 'ADMISSION_INVALID'] as const),
          ],
        ),
      },
      '/api/bookings/{id}': {
        get: ofBookings('A booking', ofTicket, ok('The booking.', booking), [
          'BOOKING_UNKNOWN',
          'RATE_LIMITED',
          'OVERLOADED',
        ]),
        delete: change('Cancel a hold', changeBody),
      },
      '/api/bookings/{id}/confirm': { post: change('Confirm a hold: the seats are sold', confirmBody, ['FORBIDDEN']) },
      '/api/bookings/{id}/return': {
        post: ofOperators(
          'Return what is sold: its seats are free again',
          { ...ofTicket, ...waits, ...keyed, body: returnBody, bodyOptional: true },
          {
            ...ok('The booking as it is now; the same for one that was returned before.', booking),
            '202': answer('It takes longer: a ticket to follow.', ticketReceipt),
          },
          ['BOOKING_UNKNOWN', 'NOT_CONFIRMED', 'HOLD_EXPIRED', 'ALREADY_CANCELLED', 'OVERLOADED'],
        ),
      },
      '/api/bookings/{id}/extend': { post: change('Let a hold last longer', changeBody) },
      '/api/tickets/{id}': {
        get: ofBookings(
          'What became of a request',
          { ...ofTicket, ...waits },
          ok('The ticket as it is now.', ticketView),
          ['TICKET_UNKNOWN', 'RATE_LIMITED', 'OVERLOADED'],
        ),
      },
      '/api/events': {
        get: ofEvents('Events', { query: listQuery }, ok('A page.', eventList), ['RATE_LIMITED']),
        post: ofOperators('Create an event', { ...keyed, body: newEvent }, { '201': answer('Created.', eventView) }),
      },
      '/api/events/{id}': {
        get: ofEvents(
          'An event with its zones and counts, and with all its seats where asked',
          { ...ofEvent, query: showQuery },
          ok('The event.', eventView),
          ['EVENT_UNKNOWN', 'RATE_LIMITED', 'OVERLOADED'],
        ),
        patch: ofOperators(
          'Change how an event is sold',
          { ...ofEvent, body: eventChange },
          ok('The event as it is now.', eventView),
          ['EVENT_UNKNOWN'],
        ),
      },
      '/api/events/{id}/waiting-room': {
        post: joinsRooms(
          'Join the waiting room',
          { ...ofEvent, ...asVisitor, body: joinBody, bodyOptional: true },
          {
            ...ok('Nobody has to wait, or the place is kept.', joinAnswer),
            '201': answer('A new place.', joinAnswer),
          },
          ['EVENT_UNKNOWN', 'RATE_LIMITED', 'OVERLOADED', 'CHALLENGE_REQUIRED', 'CHALLENGE_INVALID'],
        ),
        get: ofRooms(
          'How a visitor stands; with the admission token once it is their turn',
          { ...ofEvent, ...asVisitor },
          { '200': { ...answer('How it stands.', visitorView), headers: z.object({ 'Retry-After': z.string() }) } },
          ['EVENT_UNKNOWN', 'PLACE_UNKNOWN'],
        ),
        delete: ofRooms(
          'Leave the waiting room, and what is left of an admission',
          { ...ofEvent, ...asVisitor },
          ok('Gone.', visitorView),
          ['EVENT_UNKNOWN', 'PLACE_UNKNOWN', 'RATE_LIMITED'],
        ),
        put: ofOperators(
          'Change a waiting room; without any field, see how it stands',
          { ...ofEvent, body: roomChange },
          ok('The room as it is now.', roomView),
          ['EVENT_UNKNOWN', 'OVERLOADED'],
        ),
      },
      '/api/events/{id}/waiting-room/challenge': {
        get: ofRooms('The challenge for a new place, where the line requires one', ofEvent, ok('It.', challengeView), [
          'EVENT_UNKNOWN',
        ]),
      },
      '/api/events/{id}/waiting-room/draw': {
        get: ofRooms('What anybody can compute the drawn order from', ofEvent, ok('The draw.', drawView), [
          'EVENT_UNKNOWN',
          'PLACE_UNKNOWN',
        ]),
      },
      '/api/events/{id}/bookings': {
        delete: ofOperators(
          'Delete every booking of an event, and end its waiting line',
          { ...ofEvent, ...keyed, body: clearing },
          ok('The event as it is now.', eventView),
          ['EVENT_UNKNOWN'],
        ),
      },
      '/api/events/{id}/block': { post: block('Block seats: nobody holds or buys them') },
      '/api/events/{id}/unblock': { post: block('Unblock seats') },
      '/admin/audit': {
        post: lookAfter('Hold PostgreSQL and Redis against each other', 'What was compared and found.', auditReport),
      },
      '/admin/rebuild': {
        post: lookAfter('Write Redis anew from PostgreSQL', 'The houses that were written.', rebuildReport),
      },
      '/admin/trail': {
        get: ofOperators(
          'Every act of an operator, the newest first: `after` is the number of the last one on the page before',
          { query: trailQuery },
          ok('A page.', trailPage),
        ),
      },
      '/admin/session': {
        post: ofOperators(
          'Let this browser look into the queues for eight hours, at the path that is answered',
          {},
          ok('A cookie for that path alone, where operators need a token.', z.object({ path: z.string() })),
        ),
      },
      '/admin/workers': {
        get: ofOperators('Worker processes that run, and how many there should be', {}, ok('Now.', workersView)),
        post: ofOperators(
          'Say how many worker processes there should be; `auto`: as many as the load needs',
          { body: workersBody },
          ok('Now. Whichever supervisor runs follows within a second or two.', workersView),
        ),
      },
      '/admin/herd': {
        get: ofOperators('How far the herd of the event page is. On embedded servers only', {}, ok('Now.', herdView)),
        post: ofOperators(
          'Send 5,000 buyers to event 1, unless they are under way. On embedded servers only',
          {},
          { '202': answer('How far it is.', herdView) },
        ),
      },
      '/api/seats/available': {
        get: ofEvents('Free seats, from the front, page by page', { query: availableQuery }, ok('A page.', seatList), [
          'EVENT_UNKNOWN',
          'RATE_LIMITED',
        ]),
      },
      '/api/seats/map': {
        get: ofEvents(
          'Every seat as bitmaps, for drawing',
          { query: mapQuery, header: z.object({ 'If-None-Match': z.string().optional() }) },
          {
            '200': { ...answer('The map.', seatMap), headers: z.object({ ETag: z.string() }) },
            '304': { description: 'It has not changed.' },
          },
          ['EVENT_UNKNOWN', 'RATE_LIMITED', 'OVERLOADED'],
        ),
      },
      '/api/users/login': {
        post: ofUsers(
          'Log in: a signed token for an hour',
          { body: loginBody },
          ok('Who it is, and the token.', session),
          ['UNAUTHENTICATED', 'RATE_LIMITED', 'OVERLOADED'],
        ),
      },
      '/healthz': { get: ofHealth('This process runs', ok('It runs.', alive)) },
      '/readyz': {
        get: ofHealth('This process can serve: its loops turn, Redis takes its writes, and it is not stopping', {
          ...ok('Ready.', readiness),
          '503': answer('Not ready.', readiness),
        }),
      },
      '/healthz/pipeline': {
        get: ofHealth('Whether accepted work gets done. For people and alerts: load balancers use `/readyz`', {
          ...ok('All is well.', pipelineView),
          '503': answer('Something keeps work from being done.', pipelineView),
        }),
      },
      '/metrics': {
        get: ofHealth('What Prometheus reads of this API process, and of what all share', {
          '200': { description: 'Prometheus’ text format.', content: { 'text/plain': { schema: z.string() } } },
        }),
      },
      '/metrics/targets': {
        get: ofHealth(
          'Where workers show their metrics, for http_sd_configs of Prometheus',
          ok('Their addresses.', z.array(z.object({ targets: z.array(z.string()) }))),
        ),
      },
      '/openapi.json': {
        get: ofHealth('This document', ok('OpenAPI 3.1.', z.looseObject({ openapi: z.string() }))),
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
