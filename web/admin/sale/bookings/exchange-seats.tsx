import { useState } from 'preact/hooks';
import type { EventView } from '../../../../shared/contract/events.ts';
import type { Booking } from '../../../../shared/contract/tickets.ts';
import { CODE } from '../../../house/house.ts';
import { TextField } from '../kit/field.tsx';
import { OperatorPlan } from '../kit/operator-plan.tsx';
import { seatLines } from '../kit/seat-words.ts';
import { useLiveHouse } from '../kit/use-house.ts';
import { moneyText } from '../values/money.ts';
import { differenceOf } from './exchange-body.ts';
import { isSeatId, seatsCalled } from './find-seats.ts';

type Props = {
  booking: Booking;
  event: EventView;
  houseChanged: () => void;
  seats: readonly string[];
  choose: (seats: readonly string[]) => void;
};

/** Chooses the seats that a booking is to have, on the plan or by their names. */
export function ExchangeSeats({ booking, event, houseChanged, seats, choose }: Props) {
  const { house } = useLiveHouse(event, houseChanged);
  const [name, setName] = useState('');
  const [problem, setProblem] = useState('');
  const toggle = (seat: string) => {
    const isFree = house.statusOf(seat) === CODE.AVAILABLE || booking.seats.includes(seat);
    setProblem(isFree ? '' : `${seatLines(house, [seat])} is not free.`);
    if (seats.includes(seat)) choose(seats.filter((one) => one !== seat));
    else if (isFree) choose([...seats, seat]);
  };
  const add = () => {
    const ids = isSeatId(name) ? [name.trim()] : seatsCalled(house, name);
    const [id] = ids;
    if (id === undefined) return setProblem('This event has no seat of that name.');
    if (ids.length > 1) return setProblem(`Several seats are called so: ${ids.join(', ')}.`);
    setName('');
    toggle(id);
  };
  const difference = seats.length === 0 ? undefined : differenceOf(house, booking, seats);
  return (
    <>
      <OperatorPlan
        event={event}
        house={house}
        picked={seats}
        choose={toggle}
        same="The field below adds the same seats."
      />
      <div class="buttons">
        <TextField path="exchange.seat" label="Seat, as printed or its id" value={name} change={setName} />
        <button type="button" class="plain" onClick={add}>
          Add or take away
        </button>
      </div>
      <p role="status">
        {problem}{' '}
        {seats.length === 0
          ? `The booking has ${booking.seats.length} seats. None are chosen yet.`
          : `${seats.length} chosen: ${seatLines(house, seats).join('; ')}.`}{' '}
        {difference !== undefined && differenceText(difference, event.currency)}
      </p>
    </>
  );
}

const differenceText = (difference: number, currency: string): string =>
  difference === 0
    ? 'At today’s prices they cost the same.'
    : `At today’s prices they cost ${moneyText(Math.abs(difference), currency)} ${difference > 0 ? 'more' : 'less'}.`;
