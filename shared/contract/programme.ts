import type { EventStatus } from './events.ts';

/** Events on a page of the programme. A page is read once a second at most, for all who see it. */
export const EVENTS_IN_PROGRAMME = 50;

/** Pages of the programme: more events than a seller has. */
export const MAX_PROGRAMME_PAGES = 200;

/** An event in the programme, the list that `/` shows to buyers. Prices are in the minor unit of the currency. */
export type ProgrammeEvent = {
  id: number;
  name: string;
  startsAt: string | null;
  venue: string | null;
  onSaleAt: string | null;
  timeZone: string;
  status: EventStatus | 'SOLD_OUT';
  currency: string;
  lowestPrice: number;
  highestPrice: number;
};

/** A page of the programme, counted from 1. Events that come are first, the next one on top; then those that were. */
export type ProgrammePage = { events: ProgrammeEvent[]; page: number; hasMore: boolean };
