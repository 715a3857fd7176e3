import { ApiError } from '../http/errors.ts';
import { isOn, type KnownLine } from '../waiting-room/line.ts';
import type { WaitingRooms } from '../waiting-room/lines.ts';
import { isShort, returnAddress, withoutEntry } from './return-address.ts';
import type { SiteAdmissions } from './site-admissions.ts';

/**
 * A visitor's request to a site. `isRead`: a GET. `mayRedirect`: a browser loads a page by it, and a redirect to the
 * same address can bring it a cookie that its proxy would not pass on otherwise.
 */
export type SiteRequest = { url: URL; cookie: string | undefined; isRead: boolean; mayRedirect: boolean };

/** An admission to store in the site's cookie. */
type Stored = { token: string; untilMs: number };

/**
 * The answer to a request. `open`: nobody has to wait. `admitted`: the visitor's cookie is valid. `entered`: the
 * visitor had an entry. `waiting`: the visitor is sent to the waiting page, and from there back to `address`. Otherwise
 * an `address` is a redirect to it, and without one the request passes. `admission`: a new cookie.
 */
export type GateAnswer =
  | { kind: 'open' }
  | { kind: 'admitted'; address?: string | undefined; admission?: Stored | undefined }
  | { kind: 'entered'; address: string; admission?: Stored | undefined }
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

  /** Judges the cookie, and where it is not valid the entry of the address: a visitor who is in takes no other one. */
  async function judge({ eventId }: KnownLine, request: SiteRequest): Promise<GateAnswer> {
    const { url, cookie, isRead, mayRedirect } = request;
    const { address, entry } = withoutEntry(eventId, url);
    const shown = { eventId, site: url.origin, mayRenew: true };
    if (cookie !== undefined) {
      const judged = await siteAdmissions.judge({ ...shown, kind: 'admission', token: cookie });
      if ('visitor' in judged) {
        const { next: admission } = judged;
        const isRedirected = isShort(address) && ((entry !== undefined && isRead) || (admission && mayRedirect));
        return { kind: 'admitted', address: isRedirected ? address : undefined, admission };
      }
    }
    if (entry !== undefined && isRead) {
      const judged = await siteAdmissions.judge({ ...shown, kind: 'entry', token: entry });
      if ('visitor' in judged) return { kind: 'entered', address, admission: judged.next };
    }
    return { kind: 'waiting', address: returnAddress(address) };
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
