import { z } from 'zod';
import { minorUnits } from './currencies.ts';

/**
 * Printable ASCII, as payment providers generate them. The length limit is part of the bound on a batch of changes.
 * Surrounding spaces, which copying often adds, are trimmed.
 */
export const paymentReference = z
  .string()
  .trim()
  .regex(/^[\x20-\x7e]{1,128}$/, '1 to 128 printable ASCII characters, not only spaces');

/** Money in the minor unit of its currency (cents). */
export const money = z.int().min(0);

/** The currency of a payment. */
export const paidCurrency = z.string().refine((code) => minorUnits.has(code), 'a currency of ISO 4217, such as EUR');
