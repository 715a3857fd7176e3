import type { EventView } from '../../shared/contract/events.ts';
import { momentText } from '../times.ts';

/** The event of a waiting room, as the API writes it into the page. */
export type WaitedFor = Pick<EventView, 'name' | 'startsAt' | 'venue' | 'timeZone'>;

/** The event that a visitor waits for, above the state of their visit. */
export const EventLine = ({ event: { name, startsAt, venue, timeZone } }: { event: WaitedFor }) => (
  <p class="waited-for">
    <strong>{name}</strong>
    {startsAt !== null && <span>{momentText(startsAt, timeZone)}</span>}
    {venue !== null && <span>{venue}</span>}
  </p>
);
