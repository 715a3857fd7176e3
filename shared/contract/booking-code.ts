/** Crockford's base 32: no letters that look like digits. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Digits of a code, and of each of its groups. */
const LENGTH = 15;
const GROUP = 5;

/**
 * Hexadecimal digits of an id that its code has: the first, which are its time, and the last, which are random. Of 500
 * bookings of one batch, whose time is the same, two have one code in one of 134 batches.
 */
const TIME_DIGITS = 12;
const RANDOM_DIGITS = 6;

/**
 * The short code of a booking, for people: `37K3F-9QXM2-D0A4B`. It is made of the booking's id, so that a code finds
 * its booking by the primary key. The digits that change most come first: codes of one sale differ at once. It proves
 * nothing, and bookings of one moment may share it.
 */
export function codeOfBooking(id: string): string {
  const hex = id.replaceAll('-', '');
  let bits = BigInt(`0x${reversed(hex.slice(0, TIME_DIGITS) + hex.slice(-RANDOM_DIGITS))}`);
  let code = '';
  for (let length = 1; length <= LENGTH; length += 1) {
    code = `${DIGITS[Number(bits & 31n)]}${code}`;
    if (length % GROUP === 0 && length < LENGTH) code = `-${code}`;
    bits >>= 5n;
  }
  return code;
}

/** The first and the last id that a code may have, and the digits that they end with. */
export type CodeRange = { first: string; last: string; end: string };

/** The ids that have a code, as people write it: in any case, with O for 0, I or L for 1. Undefined: it is no code. */
export function idsOfCode(code: string): CodeRange | undefined {
  const plain = code.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  if (plain.length !== LENGTH || [...plain].some((digit) => !DIGITS.includes(digit))) return undefined;
  const bits = [...plain].reduce((sum, digit) => sum * 32n + BigInt(DIGITS.indexOf(digit)), 0n);
  const hex = reversed(bits.toString(16).padStart(TIME_DIGITS + RANDOM_DIGITS, '0'));
  if (hex.length > TIME_DIGITS + RANDOM_DIGITS) return undefined; // no id has so many bits
  const start = `${hex.slice(0, 8)}-${hex.slice(8, TIME_DIGITS)}`;
  return {
    first: `${start}-0000-0000-000000000000`,
    last: `${start}-ffff-ffff-ffffffffffff`,
    end: hex.slice(TIME_DIGITS),
  };
}

const reversed = (text: string): string => [...text].reverse().join('');
