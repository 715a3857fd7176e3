import { z } from 'zod';
import { text } from './text.ts';

/** The shop's own name for its customer. */
export const buyerName = text(128);

/** Seconds that a buyer's token may last. */
const MIN_TOKEN_SECONDS = 60;
const MAX_TOKEN_SECONDS = 86_400;
const DEFAULT_TOKEN_SECONDS = 3_600;

/** Body of `POST /api/buyer-tokens`. */
export const buyerTokenBody = z
  .strictObject({
    buyer: buyerName,
    seconds: z.int().min(MIN_TOKEN_SECONDS).max(MAX_TOKEN_SECONDS).default(DEFAULT_TOKEN_SECONDS),
  })
  .meta({ id: 'BuyerTokenRequest' });

/** A token with which a browser acts as the buyer. */
export const buyerToken = z.object({ token: z.string(), expiresAt: z.iso.datetime() }).meta({ id: 'BuyerToken' });
