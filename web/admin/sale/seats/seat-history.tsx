import { useState } from 'preact/hooks';
import { codeOfBooking } from '../../../../shared/contract/booking-code.ts';
import type { SeatHistoryEntry } from '../../../../shared/contract/history.ts';
import type { Operator } from '../../operator-client.ts';
import { ScrollingTable } from '../../scrolling-table.tsx';
import { useRead } from '../../use-read.ts';
import { HISTORY_WORDS } from '../kit/booking-words.ts';
import { MissingScope } from '../kit/missing-scope.tsx';
import { faultText } from '../kit/read-fault.tsx';
import { clockText } from '../values/local-times.ts';

type Props = { operator: Operator; eventId: number; timeZone: string; seat: string | undefined };
type History = { label?: string; rowLabel?: string; zoneName?: string; entries: SeatHistoryEntry[]; next?: string };

/** The bookings that had a seat, and what operators did with it, newest first. */
export function SeatHistory({ operator, eventId, timeZone, seat }: Props) {
  const [wanted, setWanted] = useState<string>();
  const isWanted = seat !== undefined && wanted === seat;
  const path = isWanted ? `/api/seats/history?eventId=${eventId}&seat=${seat}` : undefined;
  const { answer, fault } = useRead<History>(operator, path);
  return (
    <section aria-label="History of a seat">
      <h2>History of a seat</h2>
      {!operator.can('read') && <MissingScope scope="read" act="Reading who had a seat" />}
      {operator.can('read') && seat === undefined && <p class="soft">Choose one seat to read who had it.</p>}
      {operator.can('read') && seat !== undefined && !isWanted && (
        <button type="button" class="plain" onClick={() => setWanted(seat)}>
          Show the history of seat {seat}
        </button>
      )}
      {fault !== undefined && <p role="alert">{faultText(fault)}</p>}
      {answer !== undefined && <HistoryTable history={answer} timeZone={timeZone} />}
    </section>
  );
}

const HistoryTable = ({ history, timeZone }: { history: History; timeZone: string }) =>
  history.entries.length === 0 ? (
    <p>Nobody has had this seat.</p>
  ) : (
    <>
      <ScrollingTable label="Entries" kind="records" columns={[`Time (${timeZone})`, 'Change', 'By', 'Booking']}>
        {history.entries.map(({ kind, at, by, bookingId, buyer, userId }) => (
          <tr key={`${at} ${kind} ${bookingId}`}>
            <td>{clockText(at, timeZone)}</td>
            <td>{HISTORY_WORDS[kind]}</td>
            <td>{by ?? buyer ?? (userId === undefined ? '' : `user ${userId}`)}</td>
            <td>{bookingId !== undefined && <a href={`#/booking?id=${bookingId}`}>{codeOfBooking(bookingId)}</a>}</td>
          </tr>
        ))}
      </ScrollingTable>
      {history.next !== undefined && (
        <p class="soft">
          Older entries: <code>GET /api/seats/history</code>.
        </p>
      )}
    </>
  );
