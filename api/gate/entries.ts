import type { SiteEntries } from '../../shared/stores/redis/site-entries.ts';
import type { RoomStore } from '../../shared/stores/rooms.ts';
import { ApiError } from '../http/errors.ts';
import { isOn, requireVisitor } from '../waiting-room/line.ts';
import type { WaitingRooms } from '../waiting-room/lines.ts';
import { requireSite } from './gate.ts';
import { withEntry, withoutEntry } from './return-address.ts';
import type { SiteTokens } from './site-tokens.ts';

/** An address on a site, with an entry where the visitor has one. */
type Entry = { url: string; expiresAt?: string };

/** Gives visitors whose turn has come an entry to a site. */
export function createEntries(deps: {
  rooms: Pick<RoomStore, 'find'>;
  waitingRooms: Pick<WaitingRooms, 'find' | 'poll'>;
  siteEntries: SiteEntries;
  tokens: SiteTokens;
}) {
  const { rooms, waitingRooms, siteEntries, tokens } = deps;

  /** The address without an entry that it may have had. @throws ApiError SITE_UNKNOWN */
  function requireAddress(sites: readonly string[], returnTo: string | undefined): { address: string; site: string } {
    const [first] = sites;
    if (first === undefined) throw new ApiError('SITE_UNKNOWN', 'The event has no sites.');
    const url = new URL(returnTo ?? first);
    requireSite(sites, url);
    if (url.username !== '' || url.password !== '') throw new ApiError('INVALID_REQUEST', 'returnTo: no user name');
    return { address: withoutEntry(url).address, site: url.origin };
  }

  return {
    /**
     * An address for a visitor of an event that exists. Where nobody has to wait, it has no entry.
     *
     * @throws ApiError SITE_UNKNOWN; PLACE_UNKNOWN; ADMISSION_REQUIRED while the visitor's turn has not come or is
     *   over; ADMISSION_INVALID where the visitor has entered too often; UNAVAILABLE
     */
    async give(eventId: number, returnTo: string | undefined, visitorToken: string | undefined): Promise<Entry> {
      const line = waitingRooms.find(eventId);
      const { sites } = line?.settings ?? (await rooms.find(eventId))?.settings ?? { sites: [] };
      const { address, site } = requireAddress(sites, returnTo);
      if (line === undefined || !isOn(line)) return { url: address };
      const { arrival, generation, userId } = requireVisitor(line, visitorToken);
      const { message, position = 0, admission } = await waitingRooms.poll(eventId, visitorToken);
      if (admission === undefined) throw new ApiError('ADMISSION_REQUIRED', message);
      const place = { eventId, generation, position, site };
      const { serial, entries } = await siteEntries.read(place);
      if (entries >= (line.state?.uses ?? 1))
        throw new ApiError('ADMISSION_INVALID', 'This admission has let in as many browsers as it may.', {
          reason: 'used_up',
        });
      const visitor = { ...place, arrival, userId, serial, untilMs: Date.parse(admission.expiresAt) };
      const { token, untilMs } = await tokens.sign('entry', visitor);
      const url = withEntry(address, token);
      return { url, expiresAt: new Date(untilMs).toISOString() };
    },
  };
}

export type Entries = ReturnType<typeof createEntries>;
