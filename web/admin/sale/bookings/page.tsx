import { useEffect, useMemo } from 'preact/hooks';
import type { EventView } from '../../../../shared/contract/events.ts';
import type { Booking } from '../../../../shared/contract/tickets.ts';
import type { PageProps } from '../../page-props.ts';
import { useRead } from '../../use-read.ts';
import { MissingScope } from '../kit/missing-scope.tsx';
import { faultText } from '../kit/read-fault.tsx';
import { usePages } from '../kit/use-pages.tsx';
import { BookingTable } from './booking-table.tsx';
import { ExportButtons } from './export-buttons.tsx';
import { type FilterForm, filterOf, queryOf } from './filter.ts';
import { FindBookings } from './find-bookings.tsx';

/** Bookings on a page. */
const PAGE_SIZE = 50;

/** `/admin#/bookings`: finds bookings, and exports them. */
export function BookingsPage({ operator, route }: PageProps) {
  const filter = useMemo(() => filterOf(route.query), [route]);
  const event = useRead<EventView>(
    operator,
    /^\d+$/.test(filter.eventId) ? `/api/events/${filter.eventId}` : undefined,
  );
  useEffect(() => {
    document.title = 'Bookings · Frontrow';
  }, []);
  const timeZone = event.answer?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <>
      <h1>Bookings</h1>
      <FindBookings operator={operator} filter={filter} event={event.answer} timeZone={timeZone} />
      {!operator.can('read') ? (
        <MissingScope scope="read" act="Finding and exporting bookings" />
      ) : filter.eventId !== '' && event.answer === undefined && event.fault === undefined ? (
        <p role="status">Loading …</p>
      ) : (
        <Found key={`${route.query} ${timeZone}`} operator={operator} filter={filter} timeZone={timeZone} />
      )}
    </>
  );
}

type BookingPage = { bookings: Booking[]; next?: string };
type FoundProps = Pick<PageProps, 'operator'> & { filter: FilterForm; timeZone: string };

/** The bookings of a search, page by page, the newest first. */
function Found({ operator, filter, timeZone }: FoundProps) {
  const built = useMemo(() => wordsOf(() => queryOf(filter, timeZone)), [filter, timeZone]);
  const query = built instanceof URLSearchParams ? built : undefined;
  const first = query && `/api/bookings?${withLimit(query)}`;
  const pages = usePages<BookingPage>(operator, first);
  const { page, fault, heading } = pages;
  if (query === undefined) {
    return (
      <p class="notice" role="alert">
        {String(built)}
      </p>
    );
  }
  if (fault !== undefined) {
    return (
      <p class="notice" role="alert">
        {faultText(fault)}
      </p>
    );
  }
  if (page === undefined) return <p role="status">Loading …</p>;
  const { bookings } = page;
  return (
    <>
      <p role="status" class="soft" tabIndex={-1} ref={heading}>
        {countText(bookings.length)}
      </p>
      {bookings.length > 0 && <BookingTable bookings={bookings} timeZone={timeZone} />}
      {pages.buttons}
      <ExportButtons query={query} />
    </>
  );
}

function countText(count: number): string {
  if (count === 0) return 'No booking on this page.';
  return count === 1 ? '1 booking on this page.' : `${count} bookings on this page, the newest first.`;
}

function withLimit(query: URLSearchParams): URLSearchParams {
  const limited = new URLSearchParams(query);
  limited.set('limit', String(PAGE_SIZE));
  return limited;
}

/** A result, or the message of the error that was thrown instead. */
function wordsOf<Result>(build: () => Result): Result | string {
  try {
    return build();
  } catch (fault) {
    return (fault as Error).message;
  }
}
