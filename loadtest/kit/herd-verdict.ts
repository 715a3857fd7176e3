import { DEFAULT_EVENT } from '../../shared/contract/ids.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import { type AuditReport, steadyAudit } from '../../shared/stores/audit.ts';
import type { HerdResult } from './herd.ts';
import { openStores, type Servers } from './stores.ts';

/** Whether the promises held, from outside. Every field of `broken` must be empty. */
export type Verdict = {
  broken: {
    unexpected: string[];
    soldTwice: string[];
    withoutOutcome: string[];
    notAsTold: string[];
    differences: string[];
  };
  /** Bookings since the herd began that no client of it was told of: of requests that had no answer, or of other clients. */
  bookedUntold: number;
  audit: AuditReport;
};

/** The servers behind the system that a herd ran against. */
export async function openSystem({ log, ...servers }: Servers & { log: Logger }) {
  const stores = await openStores(servers, 'producer', log);
  const { prisma, events, close } = stores;

  return {
    house: async () => {
      const house = await events.readHouse(DEFAULT_EVENT);
      if (house === undefined) throw new Error('the default event is not there: run `npm run migrate`');
      return house;
    },

    countBookings: () => prisma.booking.count({ where: { eventId: DEFAULT_EVENT } }),

    /** Holds PostgreSQL against Redis. */
    audit: () => steadyAudit(DEFAULT_EVENT, stores),

    /** Holds what clients were told against PostgreSQL, and PostgreSQL against Redis. */
    async verify(result: HerdResult, bookingsBefore: number): Promise<Verdict> {
      const broken: Verdict['broken'] = {
        unexpected: unexpectedOf(result),
        soldTwice: [],
        withoutOutcome: result.missing,
        notAsTold: [],
        differences: [],
      };
      const audit = await steadyAudit(DEFAULT_EVENT, stores);
      broken.differences = audit.differences.map(({ what, where }) => `${what}: ${where}`);

      const rows = await prisma.booking.findMany({
        where: { eventId: DEFAULT_EVENT },
        select: { id: true, seats: true },
      });
      const saved = new Map(rows.map((row) => [row.id, row.seats.join(' ')]));
      const soldTo = new Map<string, string>();
      let told = 0;
      for (const { ticketId, booking } of result.outcomes.values()) {
        if (booking === undefined) {
          if (saved.has(ticketId)) broken.notAsTold.push(`${ticketId}: told refused, is booked`);
          continue;
        }
        told += 1;
        if (saved.get(ticketId) !== booking.seats.join(' ')) {
          broken.notAsTold.push(
            `${ticketId}: told ${booking.seats.join(' ')}, is ${saved.get(ticketId) ?? 'not there'}`,
          );
        }
        for (const label of booking.seats) {
          if (soldTo.has(label)) broken.soldTwice.push(`${label}: ${soldTo.get(label)} and ${ticketId}`);
          soldTo.set(label, ticketId);
        }
      }
      return { broken, bookedUntold: rows.length - bookingsBefore - told, audit };
    },

    close,
  };
}

/** What no healthy system answers: nothing accepted at all, another status than 201 and 409, a ticket that failed. */
function unexpectedOf({ accepted, refused, outcomes }: HerdResult): string[] {
  const strange = [...refused].filter(([code]) => code.startsWith('status ') || code === 'INTERNAL');
  const failed = [...outcomes.values()].filter((view) => view.status === 'failed');
  return [
    ...(accepted === 0 ? ['no request was accepted'] : []),
    ...strange.map(([code, times]) => `${code}, ${times} times`),
    ...failed.map((view) => `${view.ticketId}: failed, ${view.code}`),
  ];
}

/** Whether nothing is broken. */
export const holds = ({ broken }: Verdict): boolean => Object.values(broken).every((list) => list.length === 0);
