import { useState } from 'preact/hooks';
import { MAX_ZONES } from '../../../../shared/contract/limits.ts';
import { ProblemOf, SelectField, TextField } from '../kit/field.tsx';
import { type EventForm, newZone, type ZoneForm } from './form.ts';

/** Zones that the form shows at once, and more at each request: hundreds of fields are slow to draw. */
const SHOWN_ZONES = 50;

type Props = {
  form: EventForm;
  change: (part: Partial<EventForm>) => void;
  /** Whether the event is not created yet. One without seats gets none later. */
  isNew: boolean;
};

const NO_ZONES = 'Without zones it is an event without seats: a waiting room in front of another site.';

/** The zones of an event: rows of seats that are alike, and areas. */
export function Zones({ form, change, isNew }: Props) {
  const { zones, categories, currency } = form;
  const [shown, setShown] = useState(SHOWN_ZONES);
  const put = (i: number, part: Partial<ZoneForm>) =>
    change({ zones: zones.map((zone, at) => (at === i ? { ...zone, ...part } : zone)) });
  const add = (isArea: boolean) => {
    setShown(Math.max(shown, zones.length + 1));
    change({ zones: [...zones, newZone(isArea, categories.at(-1)?.name)] });
  };
  return (
    <fieldset class="part" data-field="zones">
      <legend>Zones</legend>
      <p class="soft">
        A zone has rows that are alike, or is an area without seats. Houses with printed labels, aisles or rows of
        different lengths are read from a file: <code>npm run import-plan</code>.
      </p>
      <ProblemOf path="zones" />
      {zones.slice(0, shown).map((zone, i) => (
        <Zone
          key={zone.key}
          zone={zone}
          number={zone.number ?? i + 1}
          path={`zones.${i}`}
          form={form}
          currency={currency}
          put={(part) => put(i, part)}
          remove={
            zone.number === undefined && (isNew || zones.length > 1)
              ? () => change({ zones: zones.filter((one) => one !== zone) })
              : undefined
          }
        />
      ))}
      {zones.length > shown && (
        <button type="button" class="plain" onClick={() => setShown(shown + SHOWN_ZONES)}>
          Show more of the {zones.length} zones
        </button>
      )}
      {zones.length === 0 && <p class="soft">{isNew ? NO_ZONES : 'This event has no seats.'}</p>}
      {zones.length < MAX_ZONES && (isNew || zones.length > 0) && (
        <div class="buttons">
          <button type="button" class="plain" onClick={() => add(false)}>
            Add a zone of rows
          </button>
          <button type="button" class="plain" onClick={() => add(true)}>
            Add an area
          </button>
        </div>
      )}
    </fieldset>
  );
}

type ZoneProps = {
  zone: ZoneForm;
  number: number;
  path: string;
  form: EventForm;
  currency: string;
  put: (part: Partial<ZoneForm>) => void;
  remove: (() => void) | undefined;
};

function Zone({ zone, number, path, form, currency, put, remove }: ZoneProps) {
  const { name, category, price, taken } = zone;
  const title = name.trim() === '' ? `Zone ${number}` : `Zone ${number}: ${name}`;
  const options = [
    ['', 'A price of its own'] as const,
    ...form.categories.filter((one) => one.name !== '').map((one) => [one.name, one.name] as const),
  ];
  return (
    <fieldset class="item" data-field={path}>
      <legend>{title}</legend>
      <div class="fields">
        <TextField path={`${path}.name`} label="Name" value={name} change={(one) => put({ name: one })} />
        <SelectField
          path={`${path}.category`}
          label="Category"
          value={category}
          change={(one) => put({ category: one })}
          options={options}
          isDisabled={taken > 0}
          hint={taken > 0 ? `Fixed while ${takenText(taken)}: they are of this category.` : undefined}
        />
        {category === '' && (
          <TextField
            path={`${path}.price`}
            label={`Price in ${currency}`}
            value={price}
            change={(one) => put({ price: one })}
            inputMode="decimal"
            placeholder="49.50"
          />
        )}
        <Size zone={zone} path={path} put={put} />
      </div>
      <ProblemOf path={path} />
      {remove !== undefined && (
        <button type="button" class="quiet" onClick={remove}>
          Remove {title}
        </button>
      )}
    </fieldset>
  );
}

const takenText = (taken: number): string =>
  taken === 1 ? '1 place is held, sold or blocked' : `${taken} places are held, sold or blocked`;

/** The size of a zone. One that shrinks must not lose a seat that somebody has: the API names such seats. */
function Size({ zone, path, put }: Pick<ZoneProps, 'zone' | 'path' | 'put'>) {
  const { isArea, hasPlan, taken, rows, seatsPerRow, capacity } = zone;
  if (hasPlan) {
    return (
      <p class="soft">{rows} rows of different lengths or labels. They came from a plan, and are changed by one.</p>
    );
  }
  const hint = taken > 0 ? `It may grow. It cannot lose places that somebody has: ${takenText(taken)}.` : undefined;
  if (isArea) {
    return (
      <TextField
        path={`${path}.capacity`}
        label="Room for people"
        value={capacity}
        change={(one) => put({ capacity: one })}
        inputMode="numeric"
        hint={hint}
      />
    );
  }
  return (
    <>
      <TextField
        path={`${path}.rows`}
        label="Rows"
        value={rows}
        change={(one) => put({ rows: one })}
        inputMode="numeric"
        hint={hint}
      />
      <TextField
        path={`${path}.seatsPerRow`}
        label="Seats in a row"
        value={seatsPerRow}
        change={(one) => put({ seatsPerRow: one })}
        inputMode="numeric"
      />
    </>
  );
}
