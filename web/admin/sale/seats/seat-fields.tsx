import { useState } from 'preact/hooks';
import { CODE, type House } from '../../../house/house.ts';
import { zoneName } from '../../../house/names.ts';
import { SelectField, TextField } from '../kit/field.tsx';
import { placesOf, type Rectangle, seatsIn } from './choice.ts';

type Props = { house: House; add: (labels: readonly string[]) => void };

const numberOf = (text: string): number | undefined => (/^\d{1,6}$/.test(text.trim()) ? Number(text) : undefined);

/** Numbers from and to: one alone is both, none are all. */
function rangeOf(from: string, to: string): Rectangle['rows'] {
  const first = numberOf(from);
  return first === undefined
    ? [1, numberOf(to) ?? Number.POSITIVE_INFINITY]
    : [first, to.trim() === '' ? first : (numberOf(to) ?? first)];
}

/** Chooses the same seats as clicks on the plan do, by zone, rows and seats. */
export function SeatFields({ house, add }: Props) {
  const [number, setNumber] = useState(String(house.zones[0]?.zone ?? 1));
  const [rowFrom, setRowFrom] = useState('');
  const [rowTo, setRowTo] = useState('');
  const [seatFrom, setSeatFrom] = useState('');
  const [seatTo, setSeatTo] = useState('');
  const zone = house.zone(Number(number));
  const options = house.zones.map((one) => [String(one.zone), zoneName(one)] as const);
  const choose = (e: SubmitEvent) => {
    e.preventDefault();
    add(seatsIn(house, { zone: Number(number), rows: rangeOf(rowFrom, rowTo), seats: rangeOf(seatFrom, seatTo) }));
  };
  return (
    <details class="part">
      <summary>Choose by zone, row and seat instead</summary>
      <form onSubmit={choose}>
        <div class="fields">
          <SelectField path="zone" label="Zone" value={number} change={setNumber} options={options} />
          {zone?.isArea !== true && (
            <>
              <TextField path="rowFrom" label="From row" value={rowFrom} change={setRowFrom} inputMode="numeric" />
              <TextField path="rowTo" label="To row" value={rowTo} change={setRowTo} inputMode="numeric" />
              <TextField path="seatFrom" label="From seat" value={seatFrom} change={setSeatFrom} inputMode="numeric" />
              <TextField path="seatTo" label="To seat" value={seatTo} change={setSeatTo} inputMode="numeric" />
            </>
          )}
        </div>
        {zone?.isArea === true ? (
          <Places house={house} number={Number(number)} add={add} />
        ) : (
          <>
            <p class="soft">Rows and seats count from 1. Empty: all of them.</p>
            <button type="submit" class="plain">
              Add these seats to the choice
            </button>
          </>
        )}
      </form>
    </details>
  );
}

/** Places of an area have no names: so many that are free, or blocked, are chosen. */
function Places({ house, number, add }: Props & { number: number }) {
  const [count, setCount] = useState('');
  const zone = house.zone(number);
  const wanted = numberOf(count) ?? 0;
  if (zone === undefined) return null;
  return (
    <>
      <TextField path="places" label="Places" value={count} change={setCount} inputMode="numeric" />
      <div class="buttons">
        <button type="button" class="plain" onClick={() => add(placesOf(zone, CODE.AVAILABLE, wanted))}>
          Choose free places
        </button>
        <button type="button" class="plain" onClick={() => add(placesOf(zone, CODE.BLOCKED, wanted))}>
          Choose blocked places
        </button>
      </div>
    </>
  );
}
