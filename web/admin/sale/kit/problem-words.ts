import type { ProblemFields } from '../../../../client/src/index.ts';

/** Seats that a sentence names; of more it says how many. */
const MAX_NAMED = 12;

/** `1-2-3`, or `A-3 (1-2-3)` where the seat has a printed label. */
const seatText = (id: string, labels: Readonly<Record<string, string>>): string =>
  labels[id] === undefined ? id : `${labels[id]} (${id})`;

/** Seats by their ids and printed labels, the first of them by name. */
export function seatsText(ids: readonly string[], labels: Readonly<Record<string, string>> = {}): string {
  const named = ids.slice(0, MAX_NAMED).map((id) => seatText(id, labels));
  const more = ids.length - named.length;
  return more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
}

/** The seats that a refusal names, or the free ones that it offers. */
export function seatsOfProblem(problem: ProblemFields): string | undefined {
  const {
    seats,
    labels,
    alternatives = [],
  } = problem as ProblemFields & {
    seats?: string[];
    labels?: Record<string, string>;
  };
  if (seats !== undefined) return `Seats: ${seatsText(seats, labels)}.`;
  if (alternatives.length === 0) return undefined;
  const offers = alternatives.map(({ zone, row, startIndex, seatsCount, zoneName = `zone ${zone}`, rowLabel = row }) =>
    startIndex === undefined
      ? `${seatsCount} in ${zoneName}, row ${rowLabel}`
      : `${seatsCount} in ${zoneName}, row ${rowLabel}, from seat ${startIndex + 1}`,
  );
  return `Free at the moment: ${offers.join('; ')}.`;
}
