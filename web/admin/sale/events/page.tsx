import { useEffect, useState } from 'preact/hooks';
import type { EventSummary } from '../../../../shared/contract/events.ts';
import type { PageProps } from '../../page-props.ts';
import { ScrollingTable } from '../../scrolling-table.tsx';
import { formatFigure } from '../../text.ts';
import { SelectField, TextField } from '../kit/field.tsx';
import { MissingScope } from '../kit/missing-scope.tsx';
import { faultText } from '../kit/read-fault.tsx';
import { clockText } from '../values/local-times.ts';
import { eventsFound, MAX_EVENTS_LISTED, readEvents } from './read-events.ts';
import { EVENT_STATUS_WORDS } from './status-words.ts';

const OPTIONS = [['', 'any'] as const, ...Object.entries(EVENT_STATUS_WORDS)];

/** Events that the list shows at once, and more at each request. */
const SHOWN_EVENTS = 50;

type Listed = { events: EventSummary[]; isWhole: boolean };

/** `/admin#/events`: every event, to find, change and create. */
export function EventsPage({ operator }: PageProps) {
  const [listed, setListed] = useState<Listed>();
  const [fault, setFault] = useState<unknown>();
  const [text, setText] = useState('');
  const [status, setStatus] = useState('');
  const [shown, setShown] = useState(SHOWN_EVENTS);
  useEffect(() => {
    document.title = 'Events · Frontrow';
    readEvents(operator).then(setListed, setFault);
  }, [operator]);
  const found = eventsFound(listed?.events ?? [], text).filter((event) => status === '' || event.status === status);
  return (
    <>
      <div class="title">
        <h1>Events</h1>
        {operator.can('operate') && (
          <a class="action" href="#/events/new">
            New event
          </a>
        )}
      </div>
      {!operator.can('operate') && <MissingScope scope="operate" act="Creating and changing events" />}
      <search>
        <div class="fields">
          <TextField path="find" label="Name or number" value={text} change={setText} />
          <SelectField path="status" label="Status" value={status} change={setStatus} options={OPTIONS} />
        </div>
      </search>
      {fault !== undefined && (
        <p class="notice" role="alert">
          {faultText(fault)}
        </p>
      )}
      <p role="status" class="soft">
        {listed === undefined ? fault === undefined && 'Loading …' : foundText(found.length, listed)}
      </p>
      {found.length > 0 && <EventTable events={found.slice(0, shown)} />}
      {found.length > shown && (
        <button type="button" class="plain" onClick={() => setShown(shown + SHOWN_EVENTS)}>
          Show more
        </button>
      )}
      {operator.can('operate') && (
        <p class="soft">
          Live counts, pausing, and how far webhooks are behind are on <a href="#/overview">the overview</a>.
        </p>
      )}
    </>
  );
}

const foundText = (found: number, { isWhole }: Listed): string =>
  `${found === 1 ? '1 event' : `${formatFigure(found)} events`}.${
    isWhole ? '' : ` Only the first ${formatFigure(MAX_EVENTS_LISTED)} were read: open others by #/events/NUMBER.`
  }`;

const EventTable = ({ events }: { events: readonly EventSummary[] }) => (
  <ScrollingTable
    label="Events"
    kind="records"
    isWide
    columns={['Number', 'Event', 'Status', 'Begins', 'Places', 'Open']}
  >
    {events.map(({ id, name, status, startsAt, timeZone, totalSeats }) => (
      <tr key={id}>
        <td>{id}</td>
        <th scope="row">
          <a href={`#/events/${id}`}>{name}</a>
        </th>
        <td>{EVENT_STATUS_WORDS[status]}</td>
        <td>
          {startsAt !== null && (
            <>
              {clockText(startsAt, timeZone)}
              <small>{timeZone}</small>
            </>
          )}
        </td>
        <td>{formatFigure(totalSeats)}</td>
        <td>
          <a href={`#/events/${id}/seats`} aria-label={`Seats of ${name}`}>
            seats
          </a>{' '}
          <a href={`#/bookings?eventId=${id}`} aria-label={`Bookings of ${name}`}>
            bookings
          </a>
        </td>
      </tr>
    ))}
  </ScrollingTable>
);
