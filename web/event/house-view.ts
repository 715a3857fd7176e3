import type { EventView } from '../../shared/contract/events.ts';
import type { PlanView } from '../../shared/contract/houses.ts';
import type { BookingItem } from '../../shared/contract/tickets.ts';

/** A category of an event: the name and the price of seats. */
export type CategoryView = EventView['categories'][number];

/** A row of a plan. Categories have their names. */
export type RowView = PlanView['zones'][number]['rows'][number];

/** A seat of a booking, with its names when it was taken. */
export type DescribedItem = BookingItem & {
  label?: string;
  rowLabel?: string;
  zoneName?: string;
  category?: string;
  type?: string;
};
