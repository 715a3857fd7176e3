import { ConfigError } from '../../shared/platform/config-error.ts';

/**
 * A reader of the whole numbers among the options that a command was given.
 *
 * @returns a function that throws ConfigError where an option is no whole number from `min` to `max`
 */
export const wholeOf =
  <Values extends object>(values: Values) =>
  (name: keyof Values & string, fallback: number, min: number, max: number): number => {
    const value = Number(values[name] ?? fallback);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new ConfigError(`--${name}: a whole number from ${min} to ${max}`);
  };
