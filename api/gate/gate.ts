import { ApiError } from '../http/errors.ts';
import { isOn, type KnownLine } from '../waiting-room/line.ts';
import type { WaitingRooms } from '../waiting-room/lines.ts';
import { isShort, returnAddress, withoutEntry } from './return-address.ts';
import type { SiteAdmissions } from './site-admissions.ts';

/** A visitor's request to a site. `isPageLoad`: the browser follows a redirect of it, and loses nothing by that. */
export type SiteRequest = { url: URL; cookie: string | undefined; isPageLoad: boolean };

/** An admission to store in the site's cookie. */
type Stored = { token: string; untilMs: number };

/**
 * The answer to a request. `open`: nobody has to wait. `admitted`: the visitor gets the page. The others are redirects:
 * `entered` and `renewed` to the same address with a cookie, `waiting` to the waiting page, from where the visitor
 * comes back to `address`.
 */
export type GateAnswer =
  | { kind: 'open' }
  | { kind: 'admitted' }
  | { kind: 'entered' | 'renewed'; address: string; admission: Stored | undefined }
  | { kind: 'waiting'; address: string };

/** @throws ApiError SITE_UNKNOWN where an address is on none of the sites */
export function requireSite(sites: readonly string[], { origin }: URL): void {
  if (!sites.includes(origin)) throw new ApiError('SITE_UNKNOWN', `${origin} is not one of the event's sites.`);
}

/** Decides which requests to a site pass. */
export function createGate(deps: {
  waitingRooms: Pick<WaitingRooms, 'find' | 'isListed'>;
  siteAdmissions: SiteAdmissions;
}) {
  const { waitingRooms, siteAdmissions } = deps;

  /** Judges the entry of an address, then the cookie, and takes the first that is valid. */
  async function judge({ eventId }: KnownLine, { url, cookie, isPageLoad }: SiteRequest): Promise<GateAnswer> {
    const { address, entry } = withoutEntry(url);
    const shown = { eventId, site: url.origin };
    if (entry !== undefined) {
      const judged = await siteAdmissions.judge({ ...shown, kind: 'entry', token: entry, mayRenew: true });
      if ('visitor' in judged) return { kind: 'entered', address, admission: judged.next };
    }
    const waiting = { kind: 'waiting' as const, address: returnAddress(address) };
    if (cookie === undefined) return waiting;
    const mayRenew = isPageLoad && isShort(address);
    const judged = await siteAdmissions.judge({ ...shown, kind: 'admission', token: cookie, mayRenew });
    if ('refused' in judged) return waiting;
    // An entry that was used leaves the address: a reload would show it again.
    if (judged.next !== undefined || entry !== undefined) return { kind: 'renewed', address, admission: judged.next };
    return { kind: 'admitted' };
  }

  return {
    /**
     * Decides a request to a site of an event that exists.
     *
     * @throws ApiError SITE_UNKNOWN; UNAVAILABLE until this node has read which rooms there are, or where an entry
     *   cannot be taken now
     */
    async decide(eventId: number, request: SiteRequest): Promise<GateAnswer> {
      const line = waitingRooms.find(eventId);
      if (line === undefined) {
        if (!waitingRooms.isListed()) throw new ApiError('UNAVAILABLE');
        return { kind: 'open' };
      }
      requireSite(line.settings.sites, request.url);
      return isOn(line) ? judge(line, request) : { kind: 'open' };
    },
  };
}

export type Gate = ReturnType<typeof createGate>;
