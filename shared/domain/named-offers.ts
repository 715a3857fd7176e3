import type { Alternative, OfferNames } from '../contract/tickets.ts';
import { describeSeat, printedLabels } from './describe-seat.ts';
import { type House, labelOf } from './house.ts';
import { readOutcome, type WrittenOutcome, writeOutcome } from './outcome-text.ts';
import { isPlain } from './seat-facts.ts';

/** The printed names of free seats: those of their row, and of the seats themselves where it is said which they are. */
function namesOf(house: House, { zone, row, startIndex, seatsCount }: Alternative): OfferNames {
  const { zoneName, rowLabel } = describeSeat(house, { zone, row, number: (startIndex ?? 0) + 1 });
  if (startIndex === undefined) return { zoneName, rowLabel };
  const ids = Array.from({ length: seatsCount }, (_, i) => labelOf({ zone, row, number: startIndex + i + 1 }));
  return { zoneName, rowLabel, labels: printedLabels(house, ids) };
}

/**
 * A refusal with the printed names of the seats that it offers instead. Its text stays as it is where the house has no
 * names.
 */
export function withNamedOffers(ticketId: string, refused: WrittenOutcome, house: House | undefined): WrittenOutcome {
  if (house === undefined || isPlain(house)) return refused;
  const outcome = readOutcome(ticketId, refused.text);
  if (outcome.status !== 'rejected') return refused;
  const { alternatives, split, ...others } = outcome;
  const named = <Offer extends Alternative>(offer: Offer) => ({ ...offer, ...namesOf(house, offer) });
  return writeOutcome({ ...others, alternatives: alternatives?.map(named), split: split?.map(named) });
}
