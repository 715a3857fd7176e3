import type { AdmissionReason } from '../../shared/contract/gate.ts';
import type { SiteVisitor } from '../../shared/domain/site-entry.ts';
import { isUnavailable } from '../../shared/platform/faults.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { SiteEntries } from '../../shared/stores/redis/site-entries.ts';
import { ApiError } from '../http/errors.ts';
import { mustLogIn } from '../waiting-room/line.ts';
import type { WaitingRooms } from '../waiting-room/lines.ts';
import type { Kind, SiteTokens } from './site-tokens.ts';

/**
 * A token that a visitor showed to a site. `kind`: the only one that counts here; without it, both do. `mayRenew`:
 * whether the caller can store another token in its place.
 */
export type Shown = { kind?: Kind; token: string; eventId: number; site: string; mayRenew: boolean };

/** A valid token. `next`: the admission that is valid from now on, where that is not the one shown. */
type Valid = { visitor: SiteVisitor; next?: { token: string; untilMs: number }; entries?: number };

/** A token that was read. */
type Read = { kind: Kind; visitor: SiteVisitor };

type Judged = Valid | { refused: AdmissionReason };

/** Judges the tokens that visitors show to sites. */
export function createSiteAdmissions(deps: {
  tokens: SiteTokens;
  siteEntries: SiteEntries;
  waitingRooms: Pick<WaitingRooms, 'find'>;
  log: Logger;
}) {
  const { tokens, siteEntries, waitingRooms, log } = deps;

  /** All that needs no server: signature, end, kind, site, event, line. */
  async function read({ kind, token, eventId, site }: Shown): Promise<Read | AdmissionReason> {
    const read = await tokens.read(token);
    if (typeof read === 'string') return read;
    const { visitor } = read;
    if (kind !== undefined && read.kind !== kind) return 'forged';
    if (visitor.site !== site) return 'other_site';
    if (visitor.eventId !== eventId) return 'other_event';
    const line = waitingRooms.find(eventId);
    if (line === undefined) return read;
    if (!line.settings.sites.includes(site)) return 'other_site';
    if (visitor.generation < line.generation) return 'line_ended';
    return mustLogIn(line) && visitor.userId === undefined ? 'login_required' : read;
  }

  /** Judges by Redis; undefined while it is unavailable or does not know the line yet. */
  async function judgeByNumber({ kind, visitor }: Read, mayRenew: boolean) {
    try {
      const judged = await siteEntries.judge(visitor, { isEntry: kind === 'entry', mayRenew });
      return 'refused' in judged && judged.refused === 'REBUILD' ? undefined : judged;
    } catch (fault) {
      if (!isUnavailable(fault)) throw fault;
      log.warn({ eventId: visitor.eventId, fault: (fault as Error).message }, 'judging an admission to a site failed');
      return undefined;
    }
  }

  return {
    /**
     * Judges a token. An entry that is valid is taken: it becomes an admission. While Redis is unavailable, an
     * admission that is signed and has not ended counts as valid.
     *
     * @throws ApiError UNAVAILABLE where an entry cannot be taken now
     */
    async judge(shown: Shown): Promise<Judged> {
      const known = await read(shown);
      if (typeof known === 'string') return { refused: known };
      const { kind, visitor } = known;
      const judged = await judgeByNumber(known, shown.mayRenew);
      if (judged === undefined) {
        if (kind === 'entry') throw new ApiError('UNAVAILABLE');
        return { visitor };
      }
      if ('refused' in judged) return { refused: judged.refused.toLowerCase() as AdmissionReason };
      const { serial, entries } = judged;
      if (serial === undefined) return { visitor, entries };
      return { visitor, entries, next: await tokens.sign('admission', { ...visitor, serial }) };
    },
  };
}

export type SiteAdmissions = ReturnType<typeof createSiteAdmissions>;
