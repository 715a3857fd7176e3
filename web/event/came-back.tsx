import { useEffect, useState } from 'preact/hooks';
import type { OneWish } from '../../shared/contract/reserve.ts';
import { CODE, type House, labelOf, MARK } from '../house/house.ts';
import { markOf } from '../house/seat-facts.ts';
import { idsText } from '../house/text.ts';
import { texts } from '../texts/texts.ts';
import type { SaleState } from './sale-state.ts';

type Props = { state: SaleState; house: House; maxSeats: number; request: (wish: OneWish) => void };

/** Offers the seats that came back while the page showed that none was available. */
export function CameBack({ state, house, maxSeats, request }: Props) {
  const [wasClosed, setWasClosed] = useState(false);
  useEffect(() => {
    if (state === 'allHeld' || state === 'soldOut') setWasClosed(true);
  }, [state]);
  const seats = wasClosed && state === 'open' ? availableSeats(house, maxSeats) : [];
  const { back } = texts.purchase.closed;
  return (
    <div role="status">
      {seats.length > 0 && (
        <section class="card">
          <p>{back(idsText(house, seats))}</p>
          <button type="button" class="action" onClick={() => request({ seats })}>
            {texts.purchase.hold(texts.house.seatCount(seats.length))}
          </button>
        </section>
      )}
    </div>
  );
}

/** The available seats of the first row that has some; none where there are more than one request takes. */
function availableSeats(house: House, most: number): string[] {
  if ((house.counts()[CODE.AVAILABLE] ?? 0) > most) return [];
  for (const zone of house.zones) {
    const row = 1 + zone.freeInRow.findIndex((free) => free > 0);
    if (row === 0 || zone.isArea) continue;
    const first = (row - 1) * zone.seatsPerRow;
    const codes = Array.from(zone.seats.subarray(first, first + zone.seatsPerRow));
    return Array.from(codes.keys(), (i) => labelOf({ zone: zone.zone, row, number: i + 1 })).filter(
      (label, i) => codes[i] === CODE.AVAILABLE && markOf(house, label) === MARK.NONE,
    );
  }
  return [];
}
