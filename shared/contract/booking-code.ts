/** Crockford's base 32: no letters that look like digits. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Hexadecimal digits of an id that its code has: the first, which are its time, and the last, which are random. */
const TIME_DIGITS = 12;
const RANDOM_DIGITS = 3;

/**
 * The short code of a booking, for people: `7K3F-9QXM-2D0A`. It has 60 bits of the booking's id, so that a code finds
 * its booking by the primary key. The digits that change most come first: codes of one sale differ at once. It proves
 * nothing: bookings of one millisecond may share it.
 */
export function codeOfBooking(id: string): string {
  const hex = id.replaceAll('-', '');
  const bits = BigInt(`0x${reversed(hex.slice(0, TIME_DIGITS) + hex.slice(-RANDOM_DIGITS))}`);
  const digits = Array.from({ length: 12 }, (_, i) => DIGITS[Number((bits >> BigInt(5 * (11 - i))) & 31n)]);
  return [0, 4, 8].map((start) => digits.slice(start, start + 4).join('')).join('-');
}

/** The first and the last id that a code may have, and the digits that they end with. */
export type CodeRange = { first: string; last: string; end: string };

/** The ids that have a code, as people write it: in any case, with O for 0, I or L for 1. Undefined: it is no code. */
export function idsOfCode(code: string): CodeRange | undefined {
  const plain = code.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  if (plain.length !== 12 || [...plain].some((digit) => !DIGITS.includes(digit))) return undefined;
  const bits = [...plain].reduce((sum, digit) => sum * 32n + BigInt(DIGITS.indexOf(digit)), 0n);
  const hex = reversed(bits.toString(16).padStart(TIME_DIGITS + RANDOM_DIGITS, '0'));
  const start = `${hex.slice(0, 8)}-${hex.slice(8, TIME_DIGITS)}`;
  return {
    first: `${start}-0000-0000-000000000000`,
    last: `${start}-ffff-ffff-ffffffffffff`,
    end: hex.slice(TIME_DIGITS),
  };
}

const reversed = (text: string): string => [...text].reverse().join('');
