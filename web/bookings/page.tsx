import { useEffect, useRef, useState } from 'preact/hooks';
import { createHouse } from '../house/house.ts';
import { logIn } from '../log-in.ts';
import { LoggedIn, LogIn } from '../login.tsx';
import { Masthead } from '../masthead.tsx';
import { refusalText } from '../refusal-text.ts';
import { isRefused } from '../refused.ts';
import { storedSession } from '../stored-values.ts';
import { texts } from '../texts/texts.ts';
import { momentText } from '../times.ts';
import { BookingSheet } from './booking-sheet.tsx';
import { orderLines } from './order-lines.ts';
import { type OwnBooking, type OwnPage, readOwn, readOwnPage } from './own-list.ts';

/** `/bookings`: a buyer's bookings, on any device after a log-in. `/bookings/:id`: one of them, to keep. */
export function BookingsPage({ bookingId }: { bookingId: string | undefined }) {
  useEffect(() => {
    document.title = `${bookingId === undefined ? texts.bookings.title : texts.bookings.booking} · Frontrow`;
  }, [bookingId]);
  return (
    <>
      <Masthead />
      <main>
        <h1 tabIndex={-1}>{bookingId === undefined ? texts.bookings.title : texts.bookings.booking}</h1>
        {bookingId === undefined ? <OwnList /> : <OneBooking id={bookingId} />}
        <LoggedIn />
      </main>
    </>
  );
}

/**
 * A value that is read once, or the problem of its read. `read` reads it again, and then moves the focus to the page's
 * heading: the button that was pressed is removed.
 */
function useRead<Value>(readValue: () => Promise<Value>) {
  const [value, setValue] = useState<Value>();
  const wasRead = useRef(false);
  const [problem, setProblem] = useState<{ text: string; needsLogin: boolean }>();
  const read = async () => {
    try {
      setValue(await readValue());
      setProblem(undefined);
      if (wasRead.current) document.querySelector('h1')?.focus();
    } catch (fault) {
      if (!isRefused(fault)) return setProblem({ text: texts.bookings.failed, needsLogin: false });
      // A booking of somebody else is unknown to a visitor who is not logged in.
      const needsLogin = storedSession().read() === undefined || fault.code === 'UNAUTHENTICATED';
      setProblem({ text: refusalText(fault.problem), needsLogin: needsLogin && !fault.isTemporary });
    }
  };
  useEffect(() => void read().finally(() => (wasRead.current = true)), []);
  return { value, problem, read, setValue };
}

type Problem = { text: string; needsLogin: boolean };

/** Why bookings cannot be shown, with a log-in or a button to try again. */
function NotRead({ problem, read }: { problem: Problem; read: () => Promise<void> }) {
  return (
    <>
      <p class="notice" role="alert">
        {problem.text}
      </p>
      {problem.needsLogin ? (
        <LogInHere read={read} />
      ) : (
        <button type="button" class="action" onClick={() => void read()}>
          {texts.purchase.tryAgain}
        </button>
      )}
    </>
  );
}

function LogInHere({ read }: { read: () => Promise<void> }) {
  const [failure, setFailure] = useState<string>();
  return (
    <LogIn
      title={texts.purchase.logInToSee}
      problem={failure}
      logIn={async (email, password) => {
        const problem = await logIn(email, password);
        setFailure(problem);
        if (problem === undefined) await read();
      }}
    />
  );
}

function OwnList() {
  const { value: page, problem, read, setValue } = useRead<OwnPage>(readOwnPage);
  if (problem !== undefined) return <NotRead problem={problem} read={read} />;
  if (page === undefined) return <p role="status">{texts.bookings.loading}</p>;
  const { own, next } = page;
  const readOlder = async () => {
    const older = await readOwnPage(next);
    setValue({ own: [...own, ...older.own], next: older.next });
  };
  const isLoggedIn = storedSession().read() !== undefined;
  return (
    <>
      {own.length === 0 && <p>{texts.bookings.none}</p>}
      <ul class="own">
        {own.map((one) => (
          <OwnLine key={one.booking.id} {...one} />
        ))}
      </ul>
      {next !== undefined && <Older read={readOlder} />}
      {!isLoggedIn && own.length > 0 && <p class="hint">{texts.bookings.here}</p>}
      {!isLoggedIn && <LogInHere read={read} />}
    </>
  );
}

/** A button that reads the next page. It stays while that fails. */
function Older({ read }: { read: () => Promise<void> }) {
  const [hasFailed, setFailed] = useState(false);
  return (
    <>
      <button
        type="button"
        class="quiet"
        onClick={() =>
          void read().then(
            () => setFailed(false),
            () => setFailed(true),
          )
        }
      >
        {texts.bookings.more}
      </button>
      {hasFailed && <p role="alert">{texts.bookings.failed}</p>}
    </>
  );
}

function OwnLine({ booking, event }: OwnBooking) {
  const lines = orderLines(createHouse(event), booking);
  return (
    <li>
      <h2>
        <a href={booking.status === 'PENDING' ? `/events/${event.id}` : `/bookings/${booking.id}`}>{event.name}</a>
      </h2>
      {event.startsAt !== null && <p>{momentText(event.startsAt, event.timeZone)}</p>}
      <p>{lines.map(({ seats }) => seats).join('; ')}</p>
      <p class="hint">{statusText({ booking, event })}</p>
    </li>
  );
}

const statusText = ({ booking, event }: OwnBooking): string =>
  event.status === 'CANCELLED' ? texts.bookings.cancelled : texts.bookings.status[booking.status];

function OneBooking({ id }: { id: string }) {
  const { value: own, problem, read } = useRead(() => readOwn(id));
  if (problem !== undefined) return <NotRead problem={problem} read={read} />;
  if (own === undefined) return <p role="status">{texts.bookings.loading}</p>;
  const { booking, event } = own;
  return (
    <>
      {(booking.status !== 'CONFIRMED' || event.status === 'CANCELLED') && <p class="notice">{statusText(own)}</p>}
      {booking.status === 'CONFIRMED' && <BookingSheet booking={booking} event={event} house={createHouse(event)} />}
      <p class="actions no-print">
        <a href={`/events/${event.id}`}>{texts.bookings.toEvent}</a>
        <a href="/bookings">{texts.bookings.toBookings}</a>
      </p>
    </>
  );
}
