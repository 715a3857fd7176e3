import { z } from 'zod';
import { MAX_INTEGER } from './ids.ts';
import { MAX_KEYS } from './limits.ts';
import { text } from './text.ts';
import { moment } from './times.ts';

/** A key permits: to sell; to return sold seats; to read everybody's bookings and tickets; to act as an operator. */
const scope = z.enum(['sell', 'return', 'read', 'operate']);

/** The scopes of the admin token. */
export const ALL_SCOPES = scope.options;

export type Scope = z.infer<typeof scope>;

/** The beginning of each key, by which a secret scanner finds it. The rest is 256 random bits in base64url. */
export const KEY_PREFIX = 'frk_';

/** Characters of a key's name: with `key ` before it, it is an actor of the trail. */
const MAX_NAME_LENGTH = 60;

/** The number of a key. */
export const keyId = z.int().min(1).max(MAX_INTEGER);

/** Body of `POST /admin/keys`. */
export const keyBody = z
  .strictObject({
    name: text(MAX_NAME_LENGTH),
    scopes: z
      .array(scope)
      .min(1)
      .max(scope.options.length)
      .refine((scopes) => new Set(scopes).size === scopes.length, 'must not repeat a scope'),
    expiresAt: moment.optional(),
  })
  .meta({ id: 'KeyRequest' });

/** A key without its secret. `lastUsedAt` is right to a minute. */
const keyView = z
  .object({
    id: keyId,
    name: z.string(),
    scopes: z.array(scope),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().optional(),
    lastUsedAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'Key' });

export type KeyView = z.infer<typeof keyView>;

/** All keys that are not revoked, the oldest first. */
export const keyList = z.object({ keys: z.array(keyView).max(MAX_KEYS) }).meta({ id: 'KeyList' });

/** A new key with its secret, which is shown only here. */
export const newKey = keyView.omit({ lastUsedAt: true }).extend({ key: z.string() }).meta({ id: 'NewKey' });

/** A credential as the trail names it (`admin token`, `key <name>`, `loopback` if none is needed), and its scopes. */
export const credential = z.object({ name: z.string(), scopes: z.array(scope) }).meta({ id: 'Credential' });

export type Credential = z.infer<typeof credential>;
