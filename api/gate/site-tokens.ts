import { errors, type JWTVerifyResult, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { MAX_SITE_TOKEN_LENGTH } from '../../shared/contract/limits.ts';
import { ENTRY_SECONDS, type SiteVisitor } from '../../shared/domain/site-entry.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import { ALGORITHM, type GateKeyRing } from './gate-key-ring.ts';

/** The `typ` of each kind, so that none passes as the other (RFC 8725). */
const TYPES = { entry: 'entry+jwt', admission: 'admission+jwt' } as const;

export type Kind = keyof typeof TYPES;

const kindOf = (typ: unknown): Kind | undefined => (Object.keys(TYPES) as Kind[]).find((kind) => TYPES[kind] === typ);

/** The claims of both kinds. `until`: when the visitor's admission ends, in seconds since 1970. */
const claims = z.object({
  aud: z.string(),
  event: z.int(),
  generation: z.int(),
  position: z.int(),
  arrival: z.int(),
  user: z.int().optional(),
  serial: z.int(),
  until: z.int(),
});

const visitorOf = ({ aud, event, user, until, ...numbers }: z.infer<typeof claims>): SiteVisitor => ({
  ...numbers,
  site: aud,
  eventId: event,
  userId: user,
  untilMs: 1000 * until,
});

/** A token that was verified: it stays what it is while its key is present and it has not ended. */
type Verified = { kind: Kind; visitor: SiteVisitor; kid: string | undefined; expiresMs: number };

/** Tokens in memory whose signature was verified, some 20 MB. */
const MAX_VERIFIED = 20_000;

/** Entries and admissions to sites, as JWTs that anybody can verify with the public keys. */
export function createSiteTokens({ ring }: { ring: Pick<GateKeyRing, 'signing' | 'find'> }) {
  const verified = new Map<string, Verified>();

  /** @throws JOSEError where no present key has signed it, or it has ended */
  const verify = (token: string): Promise<JWTVerifyResult> =>
    jwtVerify(
      token,
      ({ kid }) => {
        const key = ring.find(kid);
        if (key === undefined) throw new errors.JWKSNoMatchingKey();
        return key;
      },
      { algorithms: [ALGORITHM], requiredClaims: ['exp'], currentDate: new Date(sharedNowMs()) },
    );

  return {
    /** Signs a token that is valid until the visitor's admission ends; an entry for a minute at most. */
    async sign(kind: Kind, visitor: SiteVisitor): Promise<{ token: string; untilMs: number }> {
      const { eventId, generation, position, arrival, userId, site, serial, untilMs } = visitor;
      const until = Math.floor(untilMs / 1000);
      const now = Math.floor(sharedNowMs() / 1000);
      const expires = kind === 'entry' ? Math.min(now + ENTRY_SECONDS, until) : until;
      const { id, privateKey } = ring.signing();
      const token = await new SignJWT({ event: eventId, generation, position, arrival, user: userId, serial, until })
        .setProtectedHeader({ alg: ALGORITHM, kid: id, typ: TYPES[kind] })
        .setAudience(site)
        .setIssuedAt(now)
        .setExpirationTime(expires)
        .sign(privateKey);
      return { token, untilMs: 1000 * expires };
    },

    /** The kind of a token and its visitor, or why it is none. */
    async read(token: string): Promise<{ kind: Kind; visitor: SiteVisitor } | 'forged' | 'expired'> {
      if (token.length > MAX_SITE_TOKEN_LENGTH) return 'forged';
      const known = verified.get(token);
      if (known !== undefined && ring.find(known.kid) !== undefined)
        return known.expiresMs > sharedNowMs() ? known : 'expired';
      try {
        const { payload, protectedHeader } = await verify(token);
        const { kid, typ } = protectedHeader;
        const kind = kindOf(typ);
        if (kind === undefined) return 'forged';
        const read = { kind, visitor: visitorOf(claims.parse(payload)), kid, expiresMs: 1000 * (payload.exp ?? 0) };
        if (verified.size >= MAX_VERIFIED) verified.clear();
        verified.set(token, read);
        return read;
      } catch (fault) {
        if (fault instanceof errors.JWTExpired) return 'expired';
        if (fault instanceof errors.JOSEError) return 'forged';
        throw fault;
      }
    },
  };
}

export type SiteTokens = ReturnType<typeof createSiteTokens>;
