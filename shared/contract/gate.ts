import { z } from 'zod';
import { eventId, userId } from './ids.ts';
import { MAX_ADDRESS_LENGTH, MAX_SITE_LENGTH, MAX_SITE_TOKEN_LENGTH, MAX_SITES } from './limits.ts';

/** Whether a host is this machine. Browsers keep `Secure` cookies of it without TLS, and of no other host. */
const isThisMachine = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(host);

/** Whether a host has none of the signs that mean something in the headers that it becomes part of. */
export const isPlainHost = (host: string): boolean => /^([a-z\d.-]+|\[[\da-f:]+\])$/.test(host);

/** Whether a text is an origin as browsers write it, with TLS or of this machine. */
function isSite(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { origin, protocol, hostname } = new URL(text);
  return (
    origin === text &&
    isPlainHost(hostname) &&
    (protocol === 'https:' || (protocol === 'http:' && isThisMachine(hostname)))
  );
}

/** A site, by its origin. */
const site = z
  .string()
  .max(MAX_SITE_LENGTH)
  .refine(isSite, 'an origin such as https://shop.example, in lower case and without a path; http: on localhost only');

/** The sites of a room: the first is where visitors go who came from none. */
export const sites = z
  .array(site)
  .max(MAX_SITES)
  .refine((all) => new Set(all).size === all.length, 'each site once');

/** Whether a text is the address of a page, also as browsers write it. */
const isAddress = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).href.length <= MAX_ADDRESS_LENGTH;

const address = z
  .string()
  .max(MAX_ADDRESS_LENGTH)
  .refine(isAddress, `an address such as https://shop.example/sale, of at most ${MAX_ADDRESS_LENGTH} characters`);

/**
 * Body of `POST /api/events/:id/waiting-room/entry`, which may be left out. `returnTo`: the address on one of the
 * event's sites that the visitor wants; without it, the first site.
 */
export const entryBody = z.strictObject({ returnTo: address.optional() }).meta({ id: 'EntryRequest' });

/**
 * Its answer: the address to go to. While the visitor's turn lasts it has an entry, which is valid once, until
 * `expiresAt`; where nobody has to wait, it has none.
 */
export const entryView = z.object({ url: z.string(), expiresAt: z.iso.datetime().optional() }).meta({ id: 'Entry' });

/**
 * Body of `POST /api/gate/verify`: a token that a visitor showed to a site, an entry or an admission. `renew`: false
 * where the caller cannot store another token in its place.
 */
export const verifyBody = z
  .strictObject({
    eventId,
    site,
    token: z.string().min(1).max(MAX_SITE_TOKEN_LENGTH),
    renew: z.boolean().default(true),
  })
  .meta({ id: 'VerifyRequest' });

/**
 * Its answer for a valid token. `admission`: the admission to store in place of the token that was shown. `entries`:
 * how often the visitor has entered this site.
 */
export const verifiedView = z
  .object({
    eventId,
    site: z.string(),
    position: z.int(),
    userId: userId.optional(),
    entries: z.int().optional(),
    expiresAt: z.iso.datetime(),
    admission: z.string().optional(),
  })
  .meta({ id: 'VerifiedAdmission' });

/**
 * `reason` of an ADMISSION_INVALID about a site:
 *
 * - forged: the token has no valid signature of a present key, or is of another kind
 * - expired: it has ended
 * - other_site, other_event: it is valid elsewhere
 * - line_ended: its line was cleared; closed: the sale is postponed; left: the visitor has left the line
 * - login_required: visitors must log in now, and this one has no user
 * - taken: the entry was used before; used_up: the visitor has entered as often as the room's `uses` allow
 * - replaced: another browser has taken over the admission
 */
export const admissionReason = z.enum([
  'forged',
  'expired',
  'other_site',
  'other_event',
  'line_ended',
  'closed',
  'left',
  'login_required',
  'taken',
  'used_up',
  'replaced',
]);

export type AdmissionReason = z.infer<typeof admissionReason>;

/** `GET /.well-known/jwks.json`: the public keys by RFC 7517. */
export const jwksView = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        x: z.string(),
        kid: z.string(),
        use: z.literal('sig'),
        alg: z.literal('EdDSA'),
      }),
    ),
  })
  .meta({ id: 'PublicKeys' });

/** A key in a list. `signing`: it signs; `published`: it will; `verifying`: what it signed is still valid. */
export const gateKeyView = z
  .object({
    id: z.string(),
    state: z.enum(['published', 'signing', 'verifying', 'ended']),
    publishedAt: z.iso.datetime(),
    endsAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'GateKey' });

export type GateKeyView = z.infer<typeof gateKeyView>;

export const gateKeyId = z.string().regex(/^[\w-]{1,64}$/);

export const gateKeyList = z.object({ keys: z.array(gateKeyView) }).meta({ id: 'GateKeyList' });
