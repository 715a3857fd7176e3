import { minorUnits } from '../shared/contract/currencies.ts';
import { locale } from './texts/locale.ts';
import { texts } from './texts/texts.ts';

/** A price, which is given in the minor unit of its currency (cents). A whole amount has no decimals. */
export function priceText(price: number, currency: string): string {
  if (price === 0) return texts.house.freeOfCharge;
  if (formats.currency !== currency || formats.locale !== locale) formats = formatsOf(currency);
  const { exact, whole, unit } = formats;
  return price % unit === 0 ? whole.format(price / unit) : exact.format(price / unit);
}

/** The number formats of a currency, and its number of minor units. To make a format costs a hundred times its use. */
function formatsOf(currency: string) {
  const decimals = minorUnits.get(currency) ?? 2;
  const withDecimals = (digits: number) =>
    new Intl.NumberFormat(locale, {
      style: 'currency',
      currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
  return { currency, locale, exact: withDecimals(decimals), whole: withDecimals(0), unit: 10 ** decimals };
}

/** The formats of the last currency: a page has one event. */
let formats = formatsOf('EUR');
