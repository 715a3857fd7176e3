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

/** Milliseconds for which the sites of a room that is off are not read again, and rooms whose sites are in memory. */
const SITES_MS = 1_000;
const MAX_ROOMS_OFF = 1_000;

/** Reads the sites of rooms that are off: a whole line returns to its site when a room is turned off. */
function createSitesOfRooms(rooms: Pick<RoomStore, 'find'>) {
  const known = new Map<number, { sites: Promise<readonly string[]>; readAtMs: number }>();

  return (eventId: number): Promise<readonly string[]> => {
    const last = known.get(eventId);
    if (last !== undefined && performance.now() - last.readAtMs < SITES_MS) return last.sites;
    if (known.size >= MAX_ROOMS_OFF) known.clear();
    const sites = rooms.find(eventId).then((room) => room?.settings.sites ?? []);
    sites.catch(() => known.delete(eventId));
    known.set(eventId, { sites, readAtMs: performance.now() });
    return sites;
  };
}

/** The address without an entry that it may have had, and its site. @throws ApiError SITE_UNKNOWN */
function requireAddress(eventId: number, sites: readonly string[], returnTo: string | undefined) {
  const [first] = sites;
  if (first === undefined) throw new ApiError('SITE_UNKNOWN', 'The event has no sites.');
  const url = new URL(returnTo ?? first);
  requireSite(sites, url);
  if (url.username !== '' || url.password !== '') throw new ApiError('INVALID_REQUEST', 'returnTo: no user name');
  return { address: withoutEntry(eventId, url).address, site: url.origin };
}

/** Gives visitors whose turn has come an entry to a site. */
export function createEntries(deps: {
  rooms: Pick<RoomStore, 'find'>;
  waitingRooms: Pick<WaitingRooms, 'find' | 'poll'>;
  siteEntries: SiteEntries;
  tokens: SiteTokens;
}) {
  const { rooms, waitingRooms, siteEntries, tokens } = deps;
  const sitesOf = createSitesOfRooms(rooms);

  return {
    /**
     * An address for a visitor of an event that exists. Where nobody has to wait, it has no entry.
     *
     * @throws ApiError SITE_UNKNOWN; PLACE_UNKNOWN; ADMISSION_REQUIRED while the visitor's turn has not come or is
     *   over; ADMISSION_INVALID where the visitor has entered too often; UNAVAILABLE
     */
    async give(eventId: number, returnTo: string | undefined, visitorToken: string | undefined): Promise<Entry> {
      const line = waitingRooms.find(eventId);
      const sites = line?.settings.sites ?? (await sitesOf(eventId));
      const { address, site } = requireAddress(eventId, sites, returnTo);
      if (line === undefined || !isOn(line)) return { url: address };
      const { arrival, generation, userId } = requireVisitor(line, visitorToken);
      const { message, position = 0, admission } = await waitingRooms.poll(eventId, visitorToken);
      if (admission === undefined) throw new ApiError('ADMISSION_REQUIRED', message);
      const place = { eventId, generation, position, site };
      const serial = await siteEntries.count(place);
      if (serial >= (line.state?.uses ?? 1))
        throw new ApiError('ADMISSION_INVALID', 'This admission has let in as many browsers as it may.', {
          reason: 'used_up',
        });
      const visitor = { ...place, arrival, userId, serial, untilMs: Date.parse(admission.expiresAt) };
      const { token, untilMs } = await tokens.sign('entry', visitor);
      return { url: withEntry(eventId, address, token), expiresAt: new Date(untilMs).toISOString() };
    },
  };
}

export type Entries = ReturnType<typeof createEntries>;
