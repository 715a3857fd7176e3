import { z } from 'zod';
import { sellBlockedBody } from '../../../shared/contract/bookings.ts';
import {
  blockAnswer,
  blockBody,
  clearConfirmation,
  eventChange,
  eventList,
  eventView,
  newEvent,
  seatList,
  seatMap,
} from '../../../shared/contract/events.ts';
import { seatHistory, seatHistoryQuery } from '../../../shared/contract/history.ts';
import { planView } from '../../../shared/contract/houses.ts';
import { salesSummary } from '../../../shared/contract/records.ts';
import { booking } from '../../../shared/contract/tickets.ts';
import { listQuery, showQuery } from '../events.ts';
import { availableQuery, mapQuery } from '../seats.ts';
import { answer, type OperationPaths, ok, operations } from './operations.ts';
import { cacheable, ifNoneMatch, keyed, ofEvent, unchanged } from './parameters.ts';

const ofPublic = operations('Events', 'public');
const ofOperator = operations('Operators', 'operator');

const clearing = z.strictObject({
  confirm: z.string().meta({ description: `${clearConfirmation(1)}, with the number of the event` }),
});

const block = (id: string, summary: string) =>
  ofOperator(id, summary, { ...ofEvent, ...keyed, body: blockBody }, ok('How many seats changed.', blockAnswer), [
    'EVENT_UNKNOWN',
    'EVENT_ENDED',
    'SEAT_TAKEN',
    'NO_SEATS',
  ]);

export const eventPaths: OperationPaths = {
  '/api/events': {
    get: ofPublic('listEvents', 'List events', { query: listQuery }, ok('A page.', eventList), ['RATE_LIMITED']),
    post: ofOperator(
      'createEvent',
      'Create an event',
      { ...keyed, body: newEvent },
      { '201': answer('Created.', eventView) },
    ),
  },
  '/api/events/{id}/summary': {
    get: ofOperator(
      'summarizeEvent',
      'Sum up the bookings of an event: seats and money by status and zone',
      ofEvent,
      ok('The sums.', salesSummary),
      ['EVENT_UNKNOWN', 'RATE_LIMITED'],
    ),
  },
  '/api/events/{id}': {
    get: ofPublic(
      'showEvent',
      'Show an event with its zones and counts, and with all its seats on request',
      { ...ofEvent, query: showQuery },
      ok('The event.', eventView),
      ['EVENT_UNKNOWN', 'RATE_LIMITED', 'OVERLOADED'],
    ),
    patch: ofOperator(
      'changeEvent',
      'Change how an event is sold, its prices and its house',
      { ...ofEvent, body: eventChange },
      ok('The event as it is now.', eventView),
      ['EVENT_UNKNOWN', 'EVENT_ENDED', 'SEAT_TAKEN'],
    ),
    delete: ofOperator(
      'deleteEvent',
      'Delete an event that has no bookings',
      ofEvent,
      { '204': { description: 'Deleted.' } },
      ['EVENT_UNKNOWN', 'EVENT_BOOKED'],
    ),
  },
  '/api/events/{id}/plan': {
    get: ofPublic(
      'showPlan',
      'Show the rows of the zones whose rows differ or have labels, gaps, categories or accessible seats',
      { ...ofEvent, header: z.object({ 'If-None-Match': z.string().optional() }) },
      {
        '200': { ...answer('The plan.', planView), headers: z.object({ ETag: z.string() }) },
        '304': { description: 'It has not changed.' },
      },
      ['EVENT_UNKNOWN', 'RATE_LIMITED'],
    ),
  },
  '/api/events/{id}/cancel': {
    post: ofOperator(
      'cancelEvent',
      'Cancel an event: nothing is sold any more. Its bookings stay, to be returned one by one',
      ofEvent,
      ok('The event as it is now.', eventView),
      ['EVENT_UNKNOWN'],
    ),
  },
  '/api/events/{id}/bookings': {
    delete: ofOperator(
      'clearEvent',
      'Delete every booking of an event, and end its waiting line',
      { ...ofEvent, ...keyed, body: clearing },
      ok('The event as it is now.', eventView),
      ['EVENT_UNKNOWN', 'EVENT_ENDED'],
    ),
  },
  '/api/events/{id}/block': { post: block('blockSeats', 'Block seats: they cannot be held or bought') },
  '/api/events/{id}/unblock': { post: block('unblockSeats', 'Unblock seats') },
  '/api/events/{id}/sell-blocked': {
    post: ofOperator(
      'sellBlockedSeats',
      'Sell blocked seats to a buyer, all or none, past the seat limit; with SELL_BY=server a key needs sell too',
      { ...ofEvent, ...keyed, body: sellBlockedBody },
      { '201': answer('The sold booking.', booking) },
      ['EVENT_UNKNOWN', 'EVENT_ENDED', 'USER_UNKNOWN', 'SEAT_NOT_BLOCKED', 'NO_SEATS'],
    ),
  },
  '/api/seats/available': {
    get: ofPublic(
      'listFreeSeats',
      'List free seats, from the front',
      { query: availableQuery },
      ok('A page.', seatList),
      ['EVENT_UNKNOWN', 'RATE_LIMITED'],
    ),
  },
  '/api/seats/history': {
    get: ofOperator(
      'showSeatHistory',
      'Show the history of a seat: every booking that had it, and what operators did with it',
      { query: seatHistoryQuery },
      ok('A page, the newest entry first.', seatHistory),
      ['EVENT_UNKNOWN', 'RATE_LIMITED'],
    ),
  },
  '/api/seats/map': {
    get: ofPublic(
      'showSeatMap',
      'Every seat as bitmaps, for drawing',
      { query: mapQuery, header: ifNoneMatch },
      {
        '200': {
          ...answer('The map. It has no ETag while Redis does not hold the house.', seatMap),
          headers: cacheable.partial({ ETag: true }),
        },
        '304': unchanged,
      },
      ['EVENT_UNKNOWN', 'RATE_LIMITED', 'OVERLOADED'],
    ),
  },
};
