import { useEffect, useState } from 'preact/hooks';
import type { EventView } from '../../../../shared/contract/events.ts';
import type { PlanView } from '../../../../shared/contract/houses.ts';
import { createHouse } from '../../../house/house.ts';
import type { Operator } from '../../operator-client.ts';
import { STATUS_WORDS } from '../kit/booking-words.ts';
import { focusField, Problems, SelectField, TextField } from '../kit/field.tsx';
import { faultText } from '../kit/read-fault.tsx';
import { addressOf, type FilterForm, isBookingId } from './filter.ts';
import { isSeatId, seatsCalled } from './find-seats.ts';

const STATUSES = [['', 'any'] as const, ...Object.entries(STATUS_WORDS)];

/** The fields that are folded, unless the search has one of them. */
const MORE = ['userId', 'reference', 'status', 'from', 'to'] as const;

type Props = { operator: Operator; filter: FilterForm; event: EventView | undefined; timeZone: string };

/** The fields of a search. The search is the address, so that it can be kept and sent. */
export function FindBookings({ operator, filter, event, timeZone }: Props) {
  const [typed, setTyped] = useState(filter);
  useEffect(() => setTyped(filter), [filter]);
  const [problem, setProblem] = useState<readonly [field: keyof FilterForm, message: string]>();
  const put = (field: keyof FilterForm) => (value: string) => setTyped((last) => ({ ...last, [field]: value }));
  const refuse = (field: keyof FilterForm, message: string) => {
    setProblem([field, message]);
    focusField(field);
  };
  const find = async (e: SubmitEvent) => {
    e.preventDefault();
    setProblem(undefined);
    if (isBookingId(typed.code)) {
      location.hash = `#/booking?id=${typed.code.trim().toLowerCase()}`;
      return;
    }
    const seat = typed.seat.trim();
    if (seat !== '' && typed.eventId.trim() === '') return refuse('eventId', 'a seat is one of an event: name it');
    const ids = seat === '' || isSeatId(seat) ? [seat] : await idsOf(operator, typed.eventId, seat);
    if (typeof ids === 'string') return refuse('seat', ids);
    const [id = '', ...others] = ids;
    if (id === '' && seat !== '') return refuse('seat', 'this event has no seat of that name');
    if (others.length > 0) return refuse('seat', `several seats are called so: ${ids.join(', ')}`);
    location.hash = addressOf({ ...typed, seat: id });
  };
  const field = (name: keyof FilterForm, label: string, hint?: string) => (
    <TextField path={name} label={label} value={typed[name]} change={put(name)} {...(hint && { hint })} />
  );
  return (
    <Problems.Provider value={new Map(problem && [problem])}>
      <search>
        <form onSubmit={(e) => void find(e)}>
          <div class="fields">
            {field('eventId', 'Number of the event', event?.name)}
            {field('code', 'Code of the booking', 'As buyers have it (37K3F-9QXM2-D0A4B), or its id.')}
            {field('seat', 'Seat', 'As printed (Stalls A 5), or its id (1-1-5).')}
            {field('buyer', 'Buyer, by the shop’s name')}
            {field('paymentReference', 'Payment reference')}
          </div>
          <details class="more" open={MORE.some((name) => filter[name] !== '')}>
            <summary>More to search by</summary>
            <div class="fields">
              {field('userId', 'Buyer, by number')}
              {field('reference', 'Reference')}
              <SelectField
                path="status"
                label="Status"
                value={typed.status}
                change={put('status')}
                options={STATUSES}
              />
              {(['from', 'to'] as const).map((name) => (
                <TextField
                  key={name}
                  path={name}
                  label={name === 'from' ? 'Made from' : 'Made before'}
                  type="datetime-local"
                  value={typed[name]}
                  change={put(name)}
                  hint={`By the clock of ${timeZone}.`}
                />
              ))}
            </div>
          </details>
          <div class="buttons">
            <button type="submit" class="action" disabled={!operator.can('read') && !isBookingId(typed.code)}>
              Find
            </button>
            <a href="#/bookings">Show all</a>
          </div>
        </form>
      </search>
    </Problems.Provider>
  );
}

/** The ids of a seat by its printed name, or why they are not known. */
async function idsOf({ read }: Operator, eventId: string, seat: string): Promise<string[] | string> {
  try {
    const house = createHouse(await read<EventView>(`/api/events/${eventId.trim()}`));
    if (house.isPlanMissing()) house.addPlan(await read<PlanView>(`/api/events/${eventId.trim()}/plan`));
    return seatsCalled(house, seat);
  } catch (fault) {
    return faultText(fault);
  }
}
