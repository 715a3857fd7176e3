import { z } from 'zod';
import { availability, cleared, initialized, occupancy, reservation, stats } from '../../../shared/contract/answers.ts';
import { clearBody } from '../../../shared/contract/events.ts';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { reserveBody } from '../../../shared/contract/reserve.ts';
import { ticketReceipt } from '../../../shared/contract/tickets.ts';
import { compatRoom } from '../../../shared/contract/waiting-room.ts';
import { answer, compatOperation, type OperationPaths, ok } from './operations.ts';
import { asVisitor, keyed, ticketedAndAdmitted, waits } from './parameters.ts';

export const compatPaths: OperationPaths = {
  '/reserve': {
    post: compatOperation(
      'reserveSeats',
      'Buy adjacent seats of event 1 at once',
      { ...waits, ...ticketedAndAdmitted, body: reserveBody },
      { ...ok('Sold.', reservation), '201': answer('On the queue.', ticketReceipt) },
    ),
  },
  '/occupancy/{zone}/{row}': {
    get: compatOperation(
      'countRow',
      'Count the occupied seats of a row',
      { path: z.object({ zone: z.int(), row: z.int() }) },
      ok('Counts.', occupancy),
    ),
  },
  '/availability/check-all': {
    get: compatOperation('countVenue', 'Count the occupied seats of event 1', {}, ok('Counts.', availability)),
  },
  '/stats': { get: compatOperation('showStats', 'Figures of Redis', {}, ok('Figures.', stats)) },
  '/initialize': {
    post: compatOperation(
      'initializeSeats',
      'Prepare the seats of event 1 in Redis. Sold seats stay sold',
      keyed,
      { '201': answer('Done.', initialized) },
      'operator',
    ),
  },
  '/clear': {
    post: compatOperation(
      'clearBookings',
      'Delete every booking of event 1. On embedded servers the body is optional',
      { ...keyed, body: clearBody(DEFAULT_EVENT), bodyOptional: true },
      { '201': answer('Done.', cleared) },
      'operator',
    ),
  },
  '/waiting-room': {
    get: compatOperation(
      'checkWaitingRoom',
      "Show a visitor's status: book or wait, for event 1",
      asVisitor,
      ok('The status.', compatRoom),
    ),
  },
};
