import type { BookRequest } from '../../shared/contract/jobs.ts';
import { ADMISSION_TOKEN_HEADER } from '../../shared/contract/waiting-room.ts';
import { ApiError } from '../http/errors.ts';
import { type KnownLine, LOG_IN_NOW, mustLogIn } from './line.ts';

/**
 * The admission of a booking's request, for a line that is on. Its signature and its owner are checked only here. Its
 * end is judged by Redis' clock where the request is accepted, never by this process' clock; its line and its uses are
 * judged where seats are claimed.
 *
 * @param userId the user that the request speaks for
 * @throws ApiError ADMISSION_REQUIRED, ADMISSION_INVALID
 */
export function readAdmission(
  line: KnownLine,
  headers: NodeJS.Dict<string | string[]>,
  userId: number | undefined,
): NonNullable<BookRequest['admission']> {
  const token = headers[ADMISSION_TOKEN_HEADER];
  if (typeof token !== 'string' || token === '') throw new ApiError('ADMISSION_REQUIRED');
  const admission = line.tokens.readAdmission(token);
  if (admission?.eventId !== line.eventId || admission.generation !== line.generation)
    throw new ApiError('ADMISSION_INVALID');
  if (admission.userId === undefined && mustLogIn(line)) throw new ApiError('ADMISSION_INVALID', LOG_IN_NOW);
  if (admission.userId !== undefined && admission.userId !== userId)
    throw new ApiError('ADMISSION_INVALID', 'The admission belongs to another user.');
  const { generation, position, uses, untilMs } = admission;
  return { generation, position, uses, untilMs };
}
