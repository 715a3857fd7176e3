import { z } from 'zod';
import { lineView } from '../../../shared/contract/line.ts';
import {
  challengeView,
  doneAnswer,
  doneBody,
  drawView,
  joinAnswer,
  joinBody,
  roomChange,
  roomView,
  visitorView,
} from '../../../shared/contract/waiting-room.ts';
import { answer, type OperationPaths, ok, operations } from './operations.ts';
import { asVisitor, cacheable, ifNoneMatch, keyed, ofEvent, unchanged } from './parameters.ts';

const ofVisitor = operations('Waiting room', 'public');
const ofUser = operations('Waiting room', 'user');
const ofOperator = operations('Operators', 'operator');
const ofServer = operations('Waiting room', 'operator');

export const waitingRoomPaths: OperationPaths = {
  '/api/events/{id}/line': {
    get: ofVisitor(
      'showLine',
      'The line as everybody sees it, for caches: with the arrival number in a visitor token it gives place and wait',
      { ...ofEvent, header: ifNoneMatch },
      {
        '200': { ...answer('The line, at most a second old.', lineView), headers: cacheable },
        '304': unchanged,
      },
      ['EVENT_UNKNOWN', 'OVERLOADED'],
    ),
  },
  '/api/events/{id}/waiting-room': {
    post: ofUser(
      'joinWaitingRoom',
      'Join the waiting room',
      { ...ofEvent, ...asVisitor, body: joinBody, bodyOptional: true },
      {
        ...ok('The event has no waiting room, or the visitor keeps the place.', joinAnswer),
        '201': answer('A new place.', joinAnswer),
      },
      [
        'EVENT_UNKNOWN',
        'EVENT_ENDED',
        'RATE_LIMITED',
        'OVERLOADED',
        'NOT_REPLICATED',
        'CHALLENGE_REQUIRED',
        'CHALLENGE_INVALID',
      ],
    ),
    get: ofVisitor(
      'showVisitor',
      "Show a visitor's status, with the admission token once their turn has come",
      { ...ofEvent, ...asVisitor },
      { '200': { ...answer('The status.', visitorView), headers: z.object({ 'Retry-After': z.string() }) } },
      ['EVENT_UNKNOWN', 'PLACE_UNKNOWN'],
    ),
    delete: ofVisitor(
      'leaveWaitingRoom',
      'Leave the waiting room, and give up the rest of an admission',
      { ...ofEvent, ...asVisitor },
      ok('The visitor has left.', visitorView),
      ['EVENT_UNKNOWN', 'PLACE_UNKNOWN', 'RATE_LIMITED'],
    ),
    put: ofOperator(
      'changeWaitingRoom',
      'Change a waiting room. Without any field, show it',
      { ...ofEvent, body: roomChange },
      ok('The room as it is now.', roomView),
      ['EVENT_UNKNOWN', 'EVENT_ENDED', 'OVERLOADED'],
    ),
  },
  '/api/events/{id}/waiting-room/done': {
    post: ofServer(
      'reportDone',
      'Report visitors with whom the site of an event without seats is done: they make room for others',
      { ...ofEvent, ...keyed, body: doneBody },
      ok('The report is counted. A room that is off counts none.', doneAnswer),
      ['EVENT_UNKNOWN', 'EVENT_ENDED', 'OVERLOADED'],
    ),
  },
  '/api/events/{id}/waiting-room/challenge': {
    get: ofVisitor(
      'showChallenge',
      'The challenge for a new place, where the room requires one',
      ofEvent,
      ok('The challenge.', challengeView),
      ['EVENT_UNKNOWN'],
    ),
  },
  '/api/events/{id}/waiting-room/draw': {
    get: ofVisitor(
      'showDraw',
      'The inputs from which the drawn order can be computed',
      ofEvent,
      ok('The draw.', drawView),
      ['EVENT_UNKNOWN', 'PLACE_UNKNOWN'],
    ),
  },
};
