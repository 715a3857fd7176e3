import type { HistoryEntry } from '../../../../shared/contract/history.ts';
import type { Booking } from '../../../../shared/contract/tickets.ts';
import type { Operator } from '../../operator-client.ts';
import { ScrollingTable } from '../../scrolling-table.tsx';
import { useRead } from '../../use-read.ts';
import { HISTORY_WORDS, STATUS_WORDS, totalText } from '../kit/booking-words.ts';
import { faultText } from '../kit/read-fault.tsx';
import { clockText } from '../values/local-times.ts';

type Props = { operator: Operator; booking: Booking; timeZone: string };

/** All that happened to a booking, the oldest first. It is read again when the booking changes. */
export function BookingHistory({ operator, booking, timeZone }: Props) {
  const { id, status, seats } = booking;
  return <Entries key={`${status} ${seats}`} operator={operator} id={id} timeZone={timeZone} />;
}

function Entries({ operator, id, timeZone }: { operator: Operator; id: string; timeZone: string }) {
  const { answer, fault } = useRead<{ entries: HistoryEntry[]; next?: string }>(
    operator,
    `/api/bookings/${id}/history`,
  );
  return (
    <section aria-label="History of the booking">
      <h2>History</h2>
      {fault !== undefined && <p role="alert">{faultText(fault)}</p>}
      {answer !== undefined && (
        <>
          <ScrollingTable
            label="Entries of the history"
            kind="records"
            columns={[`Time (${timeZone})`, 'Change', 'By', 'Then', 'Total']}
          >
            {answer.entries.map((entry) => (
              <tr key={`${entry.at} ${entry.kind}`}>
                <td>{clockText(entry.at, timeZone)}</td>
                <td>
                  {HISTORY_WORDS[entry.kind]}
                  {entry.paymentReference !== undefined && <small>{entry.paymentReference}</small>}
                </td>
                <td>{entry.by ?? 'the buyer'}</td>
                <td>
                  {STATUS_WORDS[entry.status]}
                  <small>{entry.seats.join(', ')}</small>
                </td>
                <td>{totalText(entry)}</td>
              </tr>
            ))}
          </ScrollingTable>
          {answer.next !== undefined && (
            <p class="soft">
              Later entries: <code>GET /api/bookings/{id}/history</code>.
            </p>
          )}
        </>
      )}
    </section>
  );
}
