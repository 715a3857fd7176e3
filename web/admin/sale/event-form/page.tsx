import { useEffect, useState } from 'preact/hooks';
import type { EventView } from '../../../../shared/contract/events.ts';
import type { Operator } from '../../operator-client.ts';
import type { PageProps } from '../../page-props.ts';
import { useRead } from '../../use-read.ts';
import { EventLinks } from '../events/event-links.tsx';
import { EVENT_STATUS_WORDS } from '../events/status-words.ts';
import { ActMessage } from '../kit/act-message.tsx';
import { focusField, Problems } from '../kit/field.tsx';
import { MissingScope } from '../kit/missing-scope.tsx';
import { ReadFault } from '../kit/read-fault.tsx';
import { useFocusAfter } from '../kit/use-focus-after.ts';
import { Categories } from './categories.tsx';
import { type EventForm, emptyForm, formOf } from './form.ts';
import { HousePreview } from './house-preview.tsx';
import { LeaveGuard } from './leave-guard.tsx';
import { Settings } from './settings.tsx';
import { useSaving } from './use-saving.ts';
import { Zones } from './zones.tsx';

/** `/admin#/events/new`: creates an event. */
export function NewEventPage({ operator }: PageProps) {
  const [first] = useState(() => emptyForm(Intl.DateTimeFormat().resolvedOptions().timeZone));
  const [created, setCreated] = useState<EventView>();
  useEffect(() => {
    document.title = 'New event · Frontrow';
  }, []);
  useEffect(() => {
    if (created !== undefined) location.hash = `#/events/${created.id}`;
  }, [created]);
  return (
    <>
      <h1>New event</h1>
      <Form operator={operator} event={undefined} first={first} saved={setCreated} />
    </>
  );
}

/** `/admin#/events/:id`: an event, and what of it can be changed. */
export function EventPage({ operator, id }: PageProps) {
  const { answer, fault, readAgain } = useRead<EventView>(operator, `/api/events/${id}`);
  const [changed, setChanged] = useState<EventView>();
  useEffect(() => setChanged(undefined), [answer]);
  const event = changed ?? answer;
  useEffect(() => {
    document.title = `${event?.name ?? `Event ${id}`} · Frontrow`;
  }, [event, id]);
  if (event === undefined) return <ReadFault title={`Event ${id}`} fault={fault} />;
  return (
    <>
      <h1>{event.name}</h1>
      <EventLinks id={event.id} here="event" />
      <p class="soft">
        Event {event.id}, {EVENT_STATUS_WORDS[event.status]}. <OverviewLink operator={operator} />
      </p>
      {event.status === 'CANCELLED' && <p class="notice">The event is cancelled: it stays as it is.</p>}
      {!operator.can('operate') && <MissingScope scope="operate" act="Changing an event" />}
      <Form
        key={event.id}
        operator={operator}
        event={event}
        first={formOf(event)}
        saved={setChanged}
        readAgain={readAgain}
      />
    </>
  );
}

const OverviewLink = ({ operator }: { operator: Operator }) =>
  operator.can('operate') ? (
    <>
      Pausing, resuming and cancelling are on <a href="#/overview">the overview</a>.
    </>
  ) : null;

type FormProps = {
  operator: Operator;
  /** Undefined: a new one. */
  event: EventView | undefined;
  first: EventForm;
  saved: (event: EventView) => void;
  readAgain?: () => void;
};

function Form({ operator, event, first, saved, readAgain }: FormProps) {
  const [form, setForm] = useState(first);
  const saving = useSaving(operator, event, form, (next) => {
    setForm(formOf(next));
    saved(next);
  });
  const { problems, state, isDirty } = saving;
  useEffect(() => {
    const [path] = problems.keys();
    if (path !== undefined) focusField(path);
  }, [problems]);
  // Zones that were added may be in the event: they must not be added twice.
  useEffect(() => {
    if (state.step === 'lost') readAgain?.();
  }, [state, readAgain]);
  useEffect(() => {
    if (event !== undefined && hasMore(event, form)) setForm(formOf(event));
  }, [event]);
  const saveButton = useFocusAfter<HTMLButtonElement>(state.step === 'done' || state.step === 'lost');
  const change = (part: Partial<EventForm>) => setForm((last) => ({ ...last, ...part }));
  const mayChange = operator.can('operate') && event?.status !== 'CANCELLED';
  return (
    <Problems.Provider value={problems}>
      <form
        class="event-form"
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          if (isDirty) void saving.save();
        }}
      >
        <fieldset class="all" disabled={!mayChange || state.step === 'sending'}>
          <Settings form={form} change={change} isNew={event === undefined} />
          <Categories form={form} change={change} />
          <Zones form={form} change={change} isNew={event === undefined} />
        </fieldset>
        <HousePreview form={form} />
        {mayChange && (
          <div class="save">
            <LeaveGuard isDirty={isDirty} />
            {problems.size > 0 && (
              <p role="alert" class="problem">
                {problemsText(problems.size)} {problems.get('')}
              </p>
            )}
            {problems.size === 0 && <ActMessage state={state} doing="Saving" lost={LOST} />}
            {state.step === 'done' && !isDirty && <p role="status">Saved.</p>}
            <button type="submit" class="action" aria-disabled={state.step === 'sending' || !isDirty} ref={saveButton}>
              {event === undefined ? 'Create the event' : 'Save the changes'}
            </button>
            {!isDirty && event !== undefined && <span class="soft"> Nothing has changed.</span>}
          </div>
        )}
      </form>
    </Problems.Provider>
  );
}

/** Whether an event has zones or categories that its form takes for new ones. */
const hasMore = ({ zones, categories }: EventView, form: EventForm): boolean =>
  zones.length > form.zones.filter(({ number }) => number !== undefined).length ||
  categories.length > form.categories.filter(({ isNew }) => !isNew).length;

const problemsText = (count: number): string =>
  count === 1 ? 'One field needs another value.' : `${count} fields need other values.`;

const LOST = 'It may be saved, or not. Save again: nothing is done twice.';
