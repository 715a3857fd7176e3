import { useEffect, useState } from 'preact/hooks';
import type { EventOfOperators, EventsFound } from '../../../shared/contract/overview.ts';
import { storedValue } from '../../storage.ts';
import type { Operator } from '../operator-client.ts';
import { formatFigure } from '../text.ts';
import { useRead } from '../use-read.ts';
import type { Command } from './command.ts';
import { EventCard } from './event-card.tsx';
import { useSteadyOrder } from './order.ts';

/** Events up to which all are unfolded at first: more would not fit a screen. */
const UNFOLDED_EVENTS = 3;

/** Milliseconds between two reads of the events that were found, and until a text that is typed is searched. */
const READ_MS = 2_000;
const TYPING_MS = 300;

/** The events that this tab has unfolded (true) and folded, by their numbers. */
const storedFolds = () => storedValue<Record<string, boolean>>('unfolded-events', 'sessionStorage');

type EventsProps = {
  operator: Operator;
  events: EventOfOperators[] | undefined;
  /** Events that have not ended: the busiest are shown. */
  inAll: number | undefined;
  command: Command;
};

/** The busiest events, and those that are searched. */
export function Events({ operator, events, inAll = 0, command }: EventsProps) {
  const [text, setText] = useState('');
  const searched = useTyped(text.trim());
  const path = searched === '' ? undefined : `/admin/events?find=${encodeURIComponent(searched)}`;
  const { answer: found } = useRead<EventsFound>(operator, path, READ_MS);
  const shown = path === undefined ? events : found?.events;
  return (
    <section>
      <h2>Events</h2>
      <search>
        <label>
          <span class="label">Find an event by name or number</span>
          <input
            type="search"
            maxLength={100}
            value={text}
            onInput={(e) => setText(e.currentTarget.value)}
            onKeyDown={(e) => e.key === 'Escape' && setText('')}
          />
        </label>
      </search>
      <p class="soft" role="status">
        {path === undefined ? busiestText(events?.length ?? 0, inAll) : foundText(found?.events.length)}
      </p>
      {events === undefined && <p>Not known: PostgreSQL does not answer.</p>}
      {shown !== undefined && <List events={shown} command={command} />}
    </section>
  );
}

const busiestText = (shown: number, inAll: number): string => {
  if (inAll === 0) return 'There is no event that has not ended.';
  return shown < inAll ? `The ${shown} busiest of ${formatFigure(inAll)} events.` : 'The busiest first.';
};

const foundText = (count: number | undefined): string => {
  if (count === undefined) return 'Searching …';
  if (count === 0) return 'No event has this number, or this text in its name.';
  return count === 1 ? '1 event found.' : `${count} events found.`;
};

function List({ events, command }: { events: EventOfOperators[]; command: Command }) {
  const [folds, setFolds] = useState(() => storedFolds().read() ?? {});
  const [areFew] = useState(events.length <= UNFOLDED_EVENTS);
  const { ordered, handlers } = useSteadyOrder(events);
  const isOpen = (id: number) => folds[id] ?? areFew;
  const keep = (next: Record<string, boolean>) => {
    storedFolds().write(next);
    setFolds(next);
  };
  const foldAll = (isUnfolded: boolean) =>
    keep({ ...folds, ...Object.fromEntries(events.map(({ eventId }) => [eventId, isUnfolded])) });
  return (
    <div {...handlers}>
      {events.length > 1 && (
        <div class="buttons">
          <button type="button" class="quiet" onClick={() => foldAll(true)}>
            Unfold all
          </button>
          <button type="button" class="quiet" onClick={() => foldAll(false)}>
            Fold all
          </button>
        </div>
      )}
      {ordered.map((event) => (
        <EventCard
          key={event.eventId}
          event={event}
          command={command}
          isOpen={isOpen(event.eventId)}
          toggle={() => keep({ ...folds, [event.eventId]: !isOpen(event.eventId) })}
        />
      ))}
    </div>
  );
}

/** A text once it was not changed for a moment. */
function useTyped(text: string): string {
  const [typed, setTyped] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setTyped(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return typed;
}
