import { locale } from './texts/locale.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** To make a format costs a hundred times its use. */
let numbers = { locale: 'en', format: new Intl.NumberFormat('en') };

/** `12,345`. */
export function formatNumber(number: number): string {
  if (numbers.locale !== locale) numbers = { locale, format: new Intl.NumberFormat(locale) };
  return numbers.format.format(number);
}

/** A remaining time: `4:05`, `1:04:05`, `2 days 01:04:05` (`2 Tage 01:04:05`). Never below zero. */
export function formatClock(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const padded = (number: number) => String(number).padStart(2, '0');
  const [days, hours, minutes] = [
    Math.floor(seconds / (24 * HOUR)),
    Math.floor(seconds / HOUR) % 24,
    Math.floor(seconds / MINUTE) % 60,
  ];
  const restSeconds = padded(seconds % MINUTE);
  if (days > 0) return `${formatDays(days)} ${padded(hours)}:${padded(minutes)}:${restSeconds}`;
  return hours > 0 ? `${hours}:${padded(minutes)}:${restSeconds}` : `${minutes}:${restSeconds}`;
}

const formatDays = (days: number): string =>
  new Intl.NumberFormat(locale, { style: 'unit', unit: 'day', unitDisplay: 'long' }).format(days);

export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
