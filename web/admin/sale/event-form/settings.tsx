import { minorUnits } from '../../../../shared/contract/currencies.ts';
import { momentText } from '../../../times.ts';
import { CheckField, SelectField, TextField } from '../kit/field.tsx';
import { isTimeZone, momentOf } from '../values/local-times.ts';
import type { EventForm } from './form.ts';

/** The names of the time zones that this browser knows. */
const ZONES = Intl.supportedValuesOf('timeZone');
const ZONE_LIST = 'time-zones';

const CURRENCIES = [...minorUnits.keys()].sort().map((code) => [code, code] as const);

type Props = { form: EventForm; change: (part: Partial<EventForm>) => void; isNew: boolean };

/** The name of an event, its times, and the rules of its sale. */
export function Settings({ form, change, isNew }: Props) {
  const { name, venue, timeZone, currency } = form;
  return (
    <>
      <fieldset class="part">
        <legend>The event</legend>
        <div class="fields">
          <TextField path="name" label="Name" value={name} change={(one) => change({ name: one })} isRequired />
          <TextField path="venue" label="Venue" value={venue} change={(one) => change({ venue: one })} />
          <SelectField
            path="currency"
            label="Currency"
            value={currency}
            change={(one) => change({ currency: one })}
            options={CURRENCIES}
            isDisabled={!isNew}
            hint={isNew ? 'It stays as it is once the event is created.' : 'It cannot be changed: bookings are in it.'}
          />
        </div>
      </fieldset>
      <fieldset class="part">
        <legend>Times, by the clock of {timeZone || 'its time zone'}</legend>
        <div class="fields">
          <TextField
            path="timeZone"
            label="Time zone of the venue"
            value={timeZone}
            change={(one) => change({ timeZone: one })}
            list={ZONE_LIST}
            hint="Such as Europe/Berlin. The times of this form, and those that buyers see, are in it."
          />
          <Moment form={form} change={change} path="startsAt" label="Begins" none="No beginning is shown." />
          <Moment form={form} change={change} path="endsAt" label="Ends" none="It never ends." />
          <Moment form={form} change={change} path="onSaleAt" label="On sale from" none="On sale at once." />
        </div>
        <datalist id={ZONE_LIST}>
          {ZONES.map((zone) => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
      </fieldset>
      <Rules form={form} change={change} isNew={isNew} />
    </>
  );
}

function Rules({ form, change, isNew }: Props) {
  const { seatLimit, maxSeats, holdMinutes, maxHoldMinutes, avoidSingles, salesPaused } = form;
  return (
    <fieldset class="part">
      <legend>Rules of the sale</legend>
      <div class="fields">
        <TextField
          path="seatLimit"
          label="Most seats of one buyer"
          value={seatLimit}
          change={(one) => change({ seatLimit: one })}
          inputMode="numeric"
          hint="Held and sold. Empty: no limit."
        />
        <TextField
          path="maxSeats"
          label="Most seats of one request"
          value={maxSeats}
          change={(one) => change({ maxSeats: one })}
          inputMode="numeric"
          hint="5 to 20."
        />
        <TextField
          path="holdMinutes"
          label="Minutes that a hold lasts"
          value={holdMinutes}
          change={(one) => change({ holdMinutes: one })}
          inputMode="decimal"
        />
        <TextField
          path="maxHoldMinutes"
          label="Minutes at most, extended"
          value={maxHoldMinutes}
          change={(one) => change({ maxHoldMinutes: one })}
          inputMode="decimal"
        />
        <Moment
          form={form}
          change={change}
          path="accessibleUntil"
          label="Accessible seats are kept until"
          none="Until the event ends."
        />
      </div>
      <CheckField
        path="avoidSingles"
        label="Refuse a choice that leaves a single free seat between taken ones"
        value={avoidSingles}
        change={(one) => change({ avoidSingles: one })}
      />
      {isNew && (
        <CheckField
          path="salesPaused"
          label="Begin with paused sales, until they are resumed on the overview"
          value={salesPaused}
          change={(one) => change({ salesPaused: one })}
        />
      )}
    </fieldset>
  );
}

type MomentProps = {
  form: EventForm;
  change: Props['change'];
  path: 'startsAt' | 'endsAt' | 'onSaleAt' | 'accessibleUntil';
  label: string;
  /** The meaning of an empty field. */
  none: string;
};

/** A time by the clock of the event's zone, and below it the same with day and zone in words. */
function Moment({ form, change, path, label, none }: MomentProps) {
  const { timeZone } = form;
  const moment = isTimeZone(timeZone) ? momentOf(form[path], timeZone) : undefined;
  const inWords = moment === undefined ? undefined : `${momentText(moment, timeZone)}.`;
  return (
    <TextField
      path={path}
      label={label}
      type="datetime-local"
      value={form[path]}
      change={(one) => change({ [path]: one })}
      hint={form[path] === '' ? `Empty: ${none.charAt(0).toLowerCase()}${none.slice(1)}` : inWords}
    />
  );
}
