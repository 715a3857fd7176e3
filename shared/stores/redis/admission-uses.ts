import type { BookRequest } from '../../contract/jobs.ts';
import { shardOfEvent } from '../../domain/ticket-id.ts';
import type { Scripts } from './scripts.ts';

type Admission = NonNullable<BookRequest['admission']>;

/** An admission as the scripts get it. */
export const writeAdmission = ({ generation, position, uses, untilMs }: Admission): string =>
  `${generation}:${position}:${uses}:${untilMs}`;

/** Uses of admissions by tickets that claim no seats in Redis. */
export const createAdmissionUses = ({ scripts, shards }: { scripts: Scripts; shards: number }) => {
  const run = (eventId: number, ticketId: string, admission: string, seats: number) =>
    scripts<'OK' | 'INVALID' | 'REBUILD'>('useAdmission', shardOfEvent(eventId, shards), [
      eventId,
      ticketId,
      admission,
      seats,
    ]);
  return {
    /** Counts a use, once for each ticket. `seats`: what the ticket gets under it. */
    use: (eventId: number, ticketId: string, admission: Admission, seats: number) =>
      run(eventId, ticketId, writeAdmission(admission), seats),

    /** Takes the use of a ticket back that got nothing, if it has one. */
    takeBack: (eventId: number, ticketId: string) => run(eventId, ticketId, '', 0),
  };
};

export type AdmissionUses = ReturnType<typeof createAdmissionUses>;
