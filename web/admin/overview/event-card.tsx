import { useRef, useState } from 'preact/hooks';
import type { EventOfOperators } from '../../../shared/contract/overview.ts';
import { EVENT_STATUS_WORDS } from '../sale/events/status-words.ts';
import { Question } from '../sale/kit/question.tsx';
import { formatFigure } from '../text.ts';
import type { Command } from './command.ts';
import { RoomSettings } from './room.tsx';
import { Undo } from './undo.tsx';

const SEATS = ['sold', 'held', 'blocked', 'available'] as const;

/** Changes settings of an event or of its room. With the settings as they were, the change can be undone. */
export type Change = Record<'event' | 'room', (settings: object, before?: object, done?: string) => Promise<void>>;

type CardProps = { event: EventOfOperators; command: Command; isOpen: boolean; toggle: () => void };

/** An event: one line with its key figures, and unfolded its seats, its sales and its waiting room. */
export function EventCard({ event, command, isOpen, toggle }: CardProps) {
  const { eventId, name, status } = event;
  const fold = useRef<HTMLButtonElement>(null);
  return (
    <article aria-label={name}>
      <h3>
        <button type="button" class="fold" ref={fold} aria-expanded={isOpen} onClick={toggle}>
          <span>
            {name} <span class="soft">event {eventId}</span>
          </span>
          <span class={event.salesPaused ? 'soft warn' : 'soft'}>{lineOf(event)}</span>
        </button>
      </h3>
      {isOpen && (status === 'ENDED' || status === 'CANCELLED') && (
        <p class="soft">
          {status === 'ENDED' ? 'It has ended.' : 'It was cancelled.'}{' '}
          <a href={`#/events/${eventId}`}>Open the event</a>
        </p>
      )}
      {isOpen && status !== 'ENDED' && status !== 'CANCELLED' && (
        <Details event={event} command={command} focusCard={() => fold.current?.focus()} />
      )}
    </article>
  );
}

/** The key figures of an event in one line. */
function lineOf({ status, seats, room, recentChanges }: EventOfOperators): string {
  const parts: string[] = [EVENT_STATUS_WORDS[status]];
  if (seats !== undefined) {
    const total = seats.available + seats.held + seats.sold + seats.blocked;
    parts.push(`${formatFigure(seats.sold)} of ${formatFigure(total)} sold`);
    if (seats.held > 0) parts.push(`${formatFigure(seats.held)} held`);
  }
  if (room.line !== undefined && room.line.waiting > 0) parts.push(`${formatFigure(room.line.waiting)} in line`);
  if (recentChanges > 0) parts.push(`${formatFigure(recentChanges)} changes in 10 min`);
  return parts.join(' · ');
}

type DetailsProps = Pick<CardProps, 'event' | 'command'> & { focusCard: () => void };

function Details({ event, command, focusCard }: DetailsProps) {
  const { eventId, name, salesPaused, seats, room } = event;
  const [done, setDone] = useState<{ text: string; undo: () => void }>();
  // A question that was answered is made anew: it must not take the focus back from the button that undoes.
  const [doneCount, setDoneCount] = useState(0);
  const [isSending, setSending] = useState(false);
  const send = async (method: 'PATCH' | 'PUT' | 'POST', path: string, body: object) => {
    setSending(true);
    const answer = await command(method, path, body);
    setSending(false);
    return answer !== undefined;
  };
  const changing =
    (method: 'PATCH' | 'PUT', path: string) => async (settings: object, before?: object, text?: string) => {
      setDone(undefined);
      const isDone = await send(method, path, settings);
      if (!isDone || before === undefined || text === undefined) return;
      const undo = async () => {
        await send(method, path, before);
        setDone(undefined);
        focusCard();
      };
      setDone({ text, undo: () => void undo() });
      setDoneCount((count) => count + 1);
    };
  const path = `/api/events/${eventId}`;
  const change: Change = { event: changing('PATCH', path), room: changing('PUT', `${path}/waiting-room`) };
  return (
    <>
      {salesPaused && <p class="notice">Sales are paused: every request is refused with SALES_PAUSED.</p>}
      <Seats seats={seats} />
      {done !== undefined && <Undo key={done.text} {...done} close={() => setDone(undefined)} />}
      <RoomSettings event={event} change={change} />
      <div class="acts">
        {salesPaused ? (
          <button type="button" class="plain" onClick={() => void change.event({ salesPaused: false })}>
            Resume sales
          </button>
        ) : (
          <Question
            key={`sales ${doneCount}`}
            label="Pause sales"
            title={`Pause sales of ${name}?`}
            keep="Keep selling"
            confirm="Pause the sales"
            isSending={isSending}
            onConfirm={() =>
              change.event({ salesPaused: true }, { salesPaused: false }, `Sales of ${name} are paused.`)
            }
          >
            <p class="soft">Buyers are refused until you resume. Holds can still be paid.</p>
          </Question>
        )}
        {room.paused ? (
          <button type="button" class="plain" onClick={() => void change.room({ paused: false })}>
            Resume admission
          </button>
        ) : (
          <Question
            key={`admission ${doneCount}`}
            label="Pause admission"
            title={`Pause admission to ${name}?`}
            keep="Keep admitting"
            confirm="Pause the admission"
            isSending={isSending}
            onConfirm={() =>
              change.room({ paused: true }, { paused: false }, `Admission to ${name} is stopped for now.`)
            }
          >
            <p class="soft">Nobody leaves the line until you resume. People inside go on.</p>
          </Question>
        )}
        <Question
          label={`Cancel event ${eventId} …`}
          title={`Cancel event ${eventId} for good?`}
          keep="Keep the event"
          confirm="Cancel the event"
          isSending={isSending}
          onConfirm={() => send('POST', `${path}/cancel`, {})}
        >
          <p class="soft">
            Nothing more is sold, holds cannot be confirmed, and its line ends. Sold bookings stay until they are
            returned. A cancelled event stays cancelled.
          </p>
        </Question>
        <a href={`#/events/${eventId}`}>Open the event</a>
      </div>
    </>
  );
}

function Seats({ seats }: { seats: EventOfOperators['seats'] }) {
  if (seats === undefined) return <p class="soft">The seats could not be counted.</p>;
  return (
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
  );
}
