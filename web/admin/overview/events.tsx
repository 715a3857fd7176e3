import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Overview } from '../../../shared/contract/overview.ts';
import { formatFigure } from '../text.ts';
import type { Command } from './command.ts';

type Event = NonNullable<Overview['events']>[number];

/** Each event: its seats as a bar, its sales, and its waiting room. */
export function Events({ events, command }: { events: Event[] | undefined; command: Command }) {
  return (
    <section>
      <h2>Events</h2>
      {events === undefined && <p>Not known: PostgreSQL does not answer.</p>}
      {events?.map((event) => (
        <EventCard key={event.eventId} event={event} command={command} />
      ))}
    </section>
  );
}

const SEATS = ['sold', 'held', 'blocked', 'available'] as const;

function EventCard({ event, command }: { event: Event; command: Command }) {
  const { eventId, name, salesPaused, seats } = event;
  const path = `/api/events/${eventId}`;
  return (
    <article aria-label={name}>
      <div class="title">
        <h3>
          {name} <span class="soft">event {eventId}</span>
        </h3>
        <button type="button" class="plain" onClick={() => void command('PATCH', path, { salesPaused: !salesPaused })}>
          {salesPaused ? 'Resume sales' : 'Pause sales'}
        </button>
      </div>
      {salesPaused && <p class="notice">Sales are paused: every request is refused with SALES_PAUSED.</p>}
      {seats === undefined ? (
        <p class="soft">The seats could not be counted.</p>
      ) : (
        <>
          <div class="seat-bar" aria-hidden="true">
            {SEATS.filter((status) => seats[status] > 0).map((status) => (
              <i key={status} class={status} style={{ flexGrow: seats[status] }} />
            ))}
          </div>
          <ul class="keys">
            {SEATS.map((status) => (
              <li class="swatch" key={status}>
                <i class={status} />
                {formatFigure(seats[status])} {status === 'available' ? 'free' : status}
              </li>
            ))}
          </ul>
        </>
      )}
      <Room event={event} command={command} />
      <CancelEvent eventId={eventId} command={command} />
    </article>
  );
}

/** A button to cancel an event, and a question to confirm it. Once it is cancelled, the list has no such event. */
function CancelEvent({ eventId, command }: { eventId: number; command: Command }) {
  const [isAsking, setAsking] = useState(false);
  const [isSent, setSent] = useState(false);
  const keepButton = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (isAsking) keepButton.current?.focus();
  }, [isAsking]);
  const cancel = async () => {
    setSent(true);
    await command('POST', `/api/events/${eventId}/cancel`, {});
    setSent(false);
  };
  if (!isAsking) {
    return (
      <button type="button" class="quiet" onClick={() => setAsking(true)}>
        Cancel event {eventId} …
      </button>
    );
  }
  return (
    <fieldset class="question" disabled={isSent} onKeyDown={(e) => e.key === 'Escape' && setAsking(false)}>
      <legend>Cancel event {eventId} for good?</legend>
      <p class="soft">
        Nothing more is sold, holds cannot be confirmed, and its line ends. Sold bookings stay until they are returned.
        A cancelled event stays cancelled.
      </p>
      <button type="button" class="plain" ref={keepButton} onClick={() => setAsking(false)}>
        Keep the event
      </button>
      <button type="button" class="plain" onClick={() => void cancel()}>
        Cancel the event
      </button>
    </fieldset>
  );
}

function Room({ event: { eventId, room }, command }: { event: Event; command: Command }) {
  const [rate, setRate] = useState<string>();
  const change = (settings: object) => command('PUT', `/api/events/${eventId}/waiting-room`, settings);
  const { mode, paused, peoplePerMinute, challenge, line } = room;
  const setPeople = async (e: SubmitEvent) => {
    e.preventDefault();
    if (rate === undefined) return;
    await change({ peoplePerMinute: rate === '' ? null : Number(rate) });
    setRate(undefined);
  };
  return (
    <fieldset class="room">
      <legend>Waiting room</legend>
      <p class="soft">
        {line === undefined
          ? 'Nobody is waiting.'
          : `${line.on ? 'On' : 'Off at the moment'}: ${formatFigure(line.waiting)} waiting, ` +
            `${formatFigure(line.inside)} inside, ${formatFigure(line.speedPerSecond)} admitted a second.`}
        {paused && ' Admission is paused.'}
      </p>
      <div class="buttons">
        <label>
          <span class="label">Mode</span>
          <select value={mode} onChange={(e) => void change({ mode: e.currentTarget.value })}>
            <option value="off">off</option>
            <option value="on">on</option>
            <option value="auto">auto</option>
          </select>
        </label>
        <label>
          <span class="label">Challenge at joining</span>
          <select value={challenge} onChange={(e) => void change({ challenge: e.currentTarget.value })}>
            <option value="off">none</option>
            <option value="work">task for the browser</option>
            <option value="outside">outside check</option>
          </select>
        </label>
        <form onSubmit={(e) => void setPeople(e)}>
          <label>
            <span class="label">People a minute</span>
            <input
              type="number"
              min="1"
              max="10000000"
              placeholder="automatic"
              value={rate ?? peoplePerMinute ?? ''}
              onInput={(e) => setRate(e.currentTarget.value)}
            />
          </label>
          <button type="submit" class="plain" disabled={rate === undefined}>
            Set
          </button>
        </form>
        <button type="button" class="plain" onClick={() => void change({ paused: !paused })}>
          {paused ? 'Resume admission' : 'Pause admission'}
        </button>
      </div>
    </fieldset>
  );
}
