import type { EventSummary } from '../../../../shared/contract/events.ts';
import { MAX_EVENTS_ON_PAGE } from '../../../../shared/contract/limits.ts';
import type { Operator } from '../../operator-client.ts';

/** Pages of events that the list reads: each counts against the reads of this client. */
const MAX_PAGES = 20;

export const MAX_EVENTS_LISTED = MAX_PAGES * MAX_EVENTS_ON_PAGE;

type EventPage = { events: EventSummary[]; next?: string };

/**
 * Reads the events, the newest first.
 *
 * @returns `isWhole`: there are no more than these
 * @throws as `operator.read` does
 */
export async function readEvents({ read }: Pick<Operator, 'read'>) {
  const events: EventSummary[] = [];
  let next: string | undefined = '/api/events';
  for (let page = 0; page < MAX_PAGES && next !== undefined; page += 1) {
    const answer: EventPage = await read<EventPage>(next);
    events.push(...answer.events);
    next = answer.next;
  }
  return { events: events.reverse(), isWhole: next === undefined };
}

/** The events whose name has these words, or whose number it is. */
export function eventsFound(events: readonly EventSummary[], text: string): EventSummary[] {
  const wanted = text.trim().toLocaleLowerCase('en');
  return events.filter(({ id, name }) => String(id) === wanted || name.toLocaleLowerCase('en').includes(wanted));
}
