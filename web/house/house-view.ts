import type { EventView } from '../../shared/contract/events.ts';
import type { PlanView } from '../../shared/contract/houses.ts';

/** A category of an event: the name and the price of seats. */
export type CategoryView = EventView['categories'][number];

/** A row of a plan. Categories have their names. */
export type RowView = PlanView['zones'][number]['rows'][number];
