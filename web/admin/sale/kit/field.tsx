import { type ComponentChildren, createContext } from 'preact';
import { useContext } from 'preact/hooks';

/** The problems of a form by the paths of its fields. */
export const Problems = createContext<ReadonlyMap<string, string>>(new Map());

/** The attribute by which a field is found again: a refusal of the API names its path. */
export const fieldSelector = (path: string): string => `[data-field="${CSS.escape(path)}"]`;

/** Moves the focus into a field. */
export const focusField = (path: string): void =>
  document.querySelector<HTMLElement>(`${fieldSelector(path)} :is(input, select, button)`)?.focus();

const controlOf = (path: string): string => `field-${path.replaceAll('.', '-')}`;
const idOf = (path: string): string => `problem-${path.replaceAll('.', '-')}`;

const hintOf = (path: string): string => `hint-${path.replaceAll('.', '-')}`;

/** The attributes with which a control tells of its problem and its hint. */
function useDescription(path: string, hint: string | undefined) {
  const isWrong = useContext(Problems).has(path);
  const ids = [...(isWrong ? [idOf(path)] : []), ...(hint === undefined ? [] : [hintOf(path)])];
  return {
    ...(isWrong && { 'aria-invalid': true }),
    ...(ids.length > 0 && { 'aria-describedby': ids.join(' ') }),
  };
}

/** The problem of a field, or of a part of the form. */
export function ProblemOf({ path }: { path: string }) {
  const problem = useContext(Problems).get(path);
  if (problem === undefined) return null;
  return (
    <small class="problem" id={idOf(path)}>
      {problem}
    </small>
  );
}

type FieldProps = { path: string; label: string; hint?: string | undefined };

const Field = ({ path, label, hint, children }: FieldProps & { children: ComponentChildren }) => (
  <div class="field" data-field={path}>
    <label class="label" htmlFor={controlOf(path)}>
      {label}
    </label>
    {children}
    <ProblemOf path={path} />
    {hint !== undefined && <small id={hintOf(path)}>{hint}</small>}
  </div>
);

type TextProps = FieldProps & {
  value: string;
  change: (value: string) => void;
  type?: 'text' | 'datetime-local' | 'color';
  inputMode?: 'numeric' | 'decimal';
  placeholder?: string;
  list?: string;
  isDisabled?: boolean;
  isRequired?: boolean;
};

/** One line of text. */
export function TextField({ value, change, isDisabled, isRequired, type = 'text', ...props }: TextProps) {
  const { path, label, hint, inputMode, placeholder, list } = props;
  const description = useDescription(path, hint);
  return (
    <Field path={path} label={label} hint={hint}>
      <input
        id={controlOf(path)}
        type={type}
        value={value}
        disabled={isDisabled}
        required={isRequired}
        {...(inputMode && { inputMode })}
        {...(placeholder && { placeholder })}
        {...(list && { list })}
        autoComplete="off"
        onInput={(e) => change(e.currentTarget.value)}
        {...description}
      />
    </Field>
  );
}

type SelectProps = FieldProps & {
  value: string;
  change: (value: string) => void;
  options: readonly (readonly [value: string, text: string])[];
  isDisabled?: boolean;
};

/** A choice of one. */
export function SelectField({ path, label, hint, value, change, options, isDisabled }: SelectProps) {
  const description = useDescription(path, hint);
  return (
    <Field path={path} label={label} hint={hint}>
      <select
        id={controlOf(path)}
        value={value}
        disabled={isDisabled}
        onChange={(e) => change(e.currentTarget.value)}
        {...description}
      >
        {options.map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
    </Field>
  );
}

type CheckProps = { path: string; label: string; value: boolean; change: (value: boolean) => void };

export const CheckField = ({ path, label, value, change }: CheckProps) => (
  <div class="field" data-field={path}>
    <label class="check">
      <input type="checkbox" checked={value} onChange={(e) => change(e.currentTarget.checked)} />
      {label}
    </label>
    <ProblemOf path={path} />
  </div>
);
