import { type AuditReport, steadyAudit } from '../../shared/stores/audit.ts';
import type { HerdResult } from './herd.ts';
import { type Check, noneOf } from './report.ts';
import { differencesOf, type Stores } from './stores.ts';

/** Contradictions of the promises after a herd. Every list must be empty. */
export type Contradictions = {
  unexpectedAnswers: string[];
  soldTwice: string[];
  withoutOutcome: string[];
  wrongOutcomes: string[];
  differences: string[];
};

export type HerdVerdict = Contradictions & {
  /** Bookings since the herd began whose outcome it did not get: requests without an answer, or other clients. */
  unknownBookings: number;
  audit: AuditReport;
};

export const countBookings = ({ prisma }: Stores, eventId: number): Promise<number> =>
  prisma.booking.count({ where: { eventId } });

/** Compares the outcomes that clients got in an event with PostgreSQL, and PostgreSQL with Redis. */
export async function verifyHerd(
  stores: Stores,
  eventId: number,
  result: HerdResult,
  bookingsBefore: number,
): Promise<HerdVerdict> {
  const audit = await steadyAudit(eventId, stores);
  const rows = await stores.prisma.booking.findMany({ where: { eventId }, select: { id: true, seats: true } });
  const savedSeats = new Map(rows.map((row) => [row.id, row.seats.join(' ')]));
  const booked = [...result.outcomes.values()].filter(({ booking }) => booking !== undefined).length;
  return {
    unexpectedAnswers: unexpectedOf(result),
    ...compareOutcomes(result, savedSeats),
    withoutOutcome: result.missing,
    differences: differencesOf(audit),
    unknownBookings: rows.length - bookingsBefore - booked,
    audit,
  };
}

/** @param savedSeats the seats of each booking in PostgreSQL */
function compareOutcomes({ outcomes }: HerdResult, savedSeats: ReadonlyMap<string, string>) {
  const [soldTwice, wrongOutcomes]: [string[], string[]] = [[], []];
  const owners = new Map<string, string>();
  for (const { ticketId, booking } of outcomes.values()) {
    const saved = savedSeats.get(ticketId);
    const answered = booking?.seats.join(' ');
    if (saved !== answered)
      wrongOutcomes.push(`${ticketId}: answered ${answered ?? 'refused'}, saved ${saved ?? 'nothing'}`);
    for (const label of booking?.seats ?? []) {
      if (owners.has(label)) soldTwice.push(`${label}: ${owners.get(label)} and ${ticketId}`);
      owners.set(label, ticketId);
    }
  }
  return { soldTwice, wrongOutcomes };
}

/** Answers of no healthy system: none accepted, a status other than 201 and 409, a failed ticket. */
function unexpectedOf({ accepted, refused, outcomes }: HerdResult): string[] {
  const strange = [...refused].filter(([code]) => code.startsWith('status ') || code === 'INTERNAL');
  const failed = [...outcomes.values()].filter((view) => view.status === 'failed');
  return [
    ...(accepted === 0 ? ['no request was accepted'] : []),
    ...strange.map(([code, times]) => `${code}, ${times} times`),
    ...failed.map((view) => `${view.ticketId}: failed, ${view.code}`),
  ];
}

export const herdChecks = (verdict: Contradictions): Check[] => [
  noneOf('every answer is one of a healthy system, wrong ones', verdict.unexpectedAnswers),
  noneOf('no seat is sold twice', verdict.soldTwice),
  noneOf('every accepted request has an outcome, missing', verdict.withoutOutcome),
  noneOf('every outcome is the saved one, wrong ones', verdict.wrongOutcomes),
  noneOf('PostgreSQL and Redis agree, differences', verdict.differences),
];
