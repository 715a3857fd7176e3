import { useMemo, useState } from 'preact/hooks';
import type { EventView } from '../../../../shared/contract/events.ts';
import type { Operator } from '../../operator-client.ts';
import { fieldSelector } from '../kit/field.tsx';
import { useAct } from '../kit/use-act.ts';
import { type FieldProblem, fieldProblems, pathsAround } from '../values/field-problems.ts';
import { changeBody, newEventBody } from './bodies.ts';
import type { EventForm } from './form.ts';

/** A form without what tells its items apart. */
const comparable = (form: EventForm): string =>
  JSON.stringify(form, (name, value) => (name === 'key' ? undefined : value));

const NO_PROBLEMS: ReadonlyMap<string, string> = new Map();

/**
 * Saves the form of an event: creates it, or sends what has changed.
 *
 * @param saved is called with the event as it is then
 */
export function useSaving(
  operator: Operator,
  event: EventView | undefined,
  form: EventForm,
  saved: (event: EventView) => void,
) {
  const [problems, setProblems] = useState(NO_PROBLEMS);
  const act = useAct<EventView>(operator);
  const built = useMemo(() => (event === undefined ? newEventBody(form) : changeBody(event, form)), [event, form]);
  const [first] = useState(() => comparable(form));
  const isDirty =
    event === undefined
      ? comparable(form) !== first && act.state.step !== 'done'
      : built.problems !== undefined || Object.keys(built.body).length > 0;

  async function save(): Promise<void> {
    act.reset();
    if (built.problems !== undefined) return setProblems(shownProblems(built.problems));
    setProblems(NO_PROBLEMS);
    const { body, formPath } = built;
    const request =
      event === undefined
        ? { method: 'POST' as const, path: '/api/events', body }
        : { method: 'PATCH' as const, path: `/api/events/${event.id}`, body };
    const reached = await act.run(request);
    if (reached.step === 'done') saved(reached.answer);
    if (reached.step !== 'refused' || reached.fault.code !== 'INVALID_REQUEST') return;
    const named = fieldProblems(reached.fault.message);
    setProblems(shownProblems(named.map(({ path, message }) => ({ path: formPath(path), message }))));
  }

  return { save, problems, isDirty, state: act.state };
}

/** Problems by the fields that the page shows: that of the path, or the nearest that it is inside of. */
function shownProblems(problems: readonly FieldProblem[]): ReadonlyMap<string, string> {
  const shown = new Map<string, string>();
  for (const { path, message } of problems) {
    const field = pathsAround(path).find((one) => one !== '' && document.querySelector(fieldSelector(one)) !== null);
    const text = field === undefined && path !== '' ? `${path}: ${message}` : message;
    const earlier = shown.get(field ?? '');
    shown.set(field ?? '', earlier === undefined ? text : `${earlier}; ${text}`);
  }
  return shown;
}
