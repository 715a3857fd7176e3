/**
 * The reason why a choice is not as the buyer wanted it: picked seats that another buyer took, a seat that is not
 * available, or the largest number of seats.
 */
export type ChoiceNotice =
  | { name: 'taken' | 'unavailable'; seats: readonly string[] }
  | { name: 'limit'; most: number };

/** The seats that a buyer has picked, by their labels. */
export type Picks = { seats: readonly string[]; notice?: ChoiceNotice };

/** Picks an available seat, or removes a picked one. A seat beyond the limit is refused with a notice. */
export function toggled({ seats }: Picks, label: string, isFree: (label: string) => boolean, most: number): Picks {
  if (seats.includes(label)) return { seats: seats.filter((other) => other !== label) };
  if (!isFree(label)) return { seats, notice: { name: 'unavailable', seats: [label] } };
  if (seats.length >= most) return { seats, notice: { name: 'limit', most } };
  return { seats: [...seats, label] };
}

/** Removes picked seats that others have taken, and reports them. */
export function picksWithout(picks: Picks, isTaken: (label: string) => boolean): Picks {
  const taken = picks.seats.filter(isTaken);
  if (taken.length === 0) return picks;
  return { seats: picks.seats.filter((label) => !isTaken(label)), notice: { name: 'taken', seats: taken } };
}
