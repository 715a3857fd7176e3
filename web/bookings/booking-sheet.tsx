import { generate } from 'lean-qr';
import { toSvgPath } from 'lean-qr/extras/svg';
import { useMemo } from 'preact/hooks';
import { codeOfBooking } from '../../shared/contract/booking-code.ts';
import type { EventView } from '../../shared/contract/events.ts';
import type { Booking } from '../../shared/contract/tickets.ts';
import type { House } from '../house/house.ts';
import { texts } from '../texts/texts.ts';
import { momentText } from '../times.ts';
import { Bill } from './bill.tsx';
import { calendarFile } from './calendar.ts';
import { linesTotal, orderLines } from './order-lines.ts';
import './bookings.css';

type Props = { booking: Booking; event: EventView; house: House };

/** A booking as its buyer keeps it, prints it and shows it at the door. It is loaded when it is needed. */
export function BookingSheet({ booking, event, house }: Props) {
  const lines = orderLines(house, booking);
  const code = codeOfBooking(booking.id);
  const url = `${location.origin}/bookings/${booking.id}`;
  const { name, startsAt, endsAt, venue, timeZone } = event;
  const addToCalendar = () => {
    if (startsAt === null) return;
    const note = [...lines.map(({ seats }) => seats), `${texts.bookings.code} ${code}`].join('\n');
    save(calendarFile({ id: booking.id, url, name, startsAt, endsAt, venue, note, nowMs: Date.now() }), `${code}.ics`);
  };
  return (
    <div class="sheet">
      <div class="sheet-head">
        <p class="sheet-event">{name}</p>
        {startsAt !== null && <p>{momentText(startsAt, timeZone)}</p>}
        {venue !== null && <p>{venue}</p>}
      </div>
      <Bill lines={lines} total={booking.total ?? linesTotal(lines)} currency={booking.currency ?? event.currency} />
      <div class="sheet-code">
        <Qr text={url} />
        <p>
          <span class="label">{texts.bookings.code}</span>
          <strong class="booking-code">{code}</strong>
        </p>
      </div>
      <div class="actions no-print">
        {startsAt !== null && (
          <button type="button" class="quiet" onClick={addToCalendar}>
            {texts.bookings.calendar}
          </button>
        )}
        <button type="button" class="quiet" onClick={() => print()}>
          {texts.bookings.print}
        </button>
      </div>
    </div>
  );
}

/** Light modules around a QR code that readers need (ISO/IEC 18004, section 6.3.8). */
const QUIET_ZONE = 4;

/** A QR code, dark on light also where the page is dark: readers expect it so. */
function Qr({ text }: { text: string }) {
  const { path, size } = useMemo(() => {
    const code = generate(text);
    return { path: toSvgPath(code), size: code.size };
  }, [text]);
  const side = size + 2 * QUIET_ZONE;
  return (
    <svg class="qr" viewBox={`${-QUIET_ZONE} ${-QUIET_ZONE} ${side} ${side}`} role="img" aria-label={texts.bookings.qr}>
      <rect x={-QUIET_ZONE} y={-QUIET_ZONE} width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" shape-rendering="crispEdges" />
    </svg>
  );
}

/** Lets the browser save a text as a file. */
function save(content: string, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type: 'text/calendar' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
