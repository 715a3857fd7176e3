const MINUTE = 60;
const HOUR = 60 * MINUTE;

const NUMBER = new Intl.NumberFormat('en');

/** `12,345`. */
export const numberInWords = (number: number): string => NUMBER.format(number);

/** What is left until a moment, as a clock: `4:05`, `1:04:05`, `2 days 01:04:05`. Never below zero. */
export function clockOf(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const two = (number: number) => String(number).padStart(2, '0');
  const [days, hours, minutes] = [
    Math.floor(seconds / (24 * HOUR)),
    Math.floor(seconds / HOUR) % 24,
    Math.floor(seconds / MINUTE) % 60,
  ];
  const rest = two(seconds % MINUTE);
  if (days > 0) return `${days} ${days === 1 ? 'day' : 'days'} ${two(hours)}:${two(minutes)}:${rest}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}
