import { minorUnits } from '../../../../shared/contract/currencies.ts';

const decimalsOf = (currency: string): number => minorUnits.get(currency) ?? 2;

/** An amount as an operator types it: 4950 cents are `49.50`. */
export function amountText(minor: number, currency: string): string {
  const decimals = decimalsOf(currency);
  return (minor / 10 ** decimals).toFixed(decimals);
}

/** An amount with its currency: `49.50 EUR`. */
export const moneyText = (minor: number, currency: string): string => `${amountText(minor, currency)} ${currency}`;

/** The same of an amount that may not be known. */
export const knownMoneyText = (minor: number | undefined, currency: string | undefined): string =>
  minor === undefined || currency === undefined ? 'not known' : moneyText(minor, currency);

/** A comma is a decimal one before one or two digits; before three it could separate thousands. */
const AMOUNT = /^(\d{1,12})(?:\.(\d*)|,(\d{1,2}))?$/;

/** The minor units of an amount that was typed; undefined where it is none of this currency. */
export function minorOf(text: string, currency: string): number | undefined {
  const decimals = decimalsOf(currency);
  const [, whole, afterPoint, afterComma] = AMOUNT.exec(text.trim()) ?? [];
  const fraction = afterPoint ?? afterComma ?? '';
  if (whole === undefined || fraction.length > decimals) return undefined;
  return Number(whole + fraction.padEnd(decimals, '0'));
}

/** The problem of a text that is no amount of this currency. */
export const amountProblem = (currency: string): string =>
  `an amount in ${currency}, such as ${amountText(4_950, currency)}`;
