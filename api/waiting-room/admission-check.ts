import type { BookRequest } from '../../shared/contract/jobs.ts';
import { ADMISSION_TOKEN_HEADER } from '../../shared/contract/waiting-room.ts';
import { ApiError } from '../http/errors.ts';
import { isOn, type KnownLine, LOG_IN_NOW, mustLogIn } from './line.ts';
import type { LineReader } from './line-reader.ts';

/**
 * The user that a request speaks for, or `anyone` where a trusted server passes on the admission of a buyer whom it
 * does not name.
 */
export type Speaker = number | 'anyone' | undefined;

/**
 * The admission that a booking of an event uses; undefined where none is needed.
 *
 * @throws ApiError ADMISSION_REQUIRED, ADMISSION_INVALID; UNAVAILABLE until this node has read which rooms there are
 */
export function findAdmission(
  { lines, isListed }: Pick<LineReader, 'lines' | 'isListed'>,
  eventId: number,
  headers: NodeJS.Dict<string | string[]>,
  speaker: Speaker,
): BookRequest['admission'] {
  const line = lines.get(eventId);
  if (line === undefined && !isListed()) throw new ApiError('UNAVAILABLE');
  return line !== undefined && isOn(line) ? readAdmission(line, headers, speaker) : undefined;
}

/**
 * The admission of a booking's request, for a line that is on. Its signature and its owner are checked only here. Its
 * end is judged by Redis' clock where the request is accepted, never by this process' clock; its line and its uses are
 * judged where seats are claimed.
 *
 * @throws ApiError ADMISSION_REQUIRED, ADMISSION_INVALID
 */
function readAdmission(
  line: KnownLine,
  headers: NodeJS.Dict<string | string[]>,
  speaker: Speaker,
): NonNullable<BookRequest['admission']> {
  const token = headers[ADMISSION_TOKEN_HEADER];
  if (typeof token !== 'string' || token === '') throw new ApiError('ADMISSION_REQUIRED');
  const admission = line.tokens.readAdmission(token);
  if (admission?.eventId !== line.eventId || admission.generation !== line.generation)
    throw new ApiError('ADMISSION_INVALID');
  if (admission.userId === undefined && mustLogIn(line)) throw new ApiError('ADMISSION_INVALID', LOG_IN_NOW);
  if (admission.userId !== undefined && speaker !== 'anyone' && admission.userId !== speaker)
    throw new ApiError('ADMISSION_INVALID', 'The admission belongs to another user.');
  const { generation, position, uses, untilMs } = admission;
  return { generation, position, uses, untilMs };
}
