import { z } from 'zod';
import { LINE_CHUNK } from '../../domain/line.ts';
import type { SiteVisitor } from '../../domain/site-entry.ts';
import { shardOfEvent } from '../../domain/ticket-id.ts';
import type { RedisShards } from '../../platform/redis.ts';
import { redisOfEvent } from './connections.ts';
import { keysOf } from './keys.ts';
import type { Scripts } from './scripts.ts';

/** Why a token of a visitor is not valid. `REBUILD`: Redis does not know the line yet. */
const entryRefusal = z.enum(['LINE_ENDED', 'CLOSED', 'LEFT', 'TAKEN', 'USED_UP', 'REPLACED', 'REBUILD']);

/** `serial`: the number of a new token, where there is one. */
const entryAnswer = z.union([
  z.object({ refused: entryRefusal }),
  z.object({ serial: z.number().optional(), entries: z.number() }),
]);

/** The part of a visitor's record that is read here; lua/enterSite.lua describes it. */
const storedEntries = z.object({ entries: z.number() });

type ShownToken = { isEntry: boolean; mayRenew: boolean };

/** Entries to sites: for each visitor and site the serial numbers, and how often the visitor entered. */
export function createSiteEntries(deps: { redis: RedisShards; scripts: Scripts; shards: number }) {
  const { scripts, shards } = deps;
  return {
    /**
     * Judges a token whose signature and end were checked. An entry that is valid is taken.
     *
     * @param shown.mayRenew whether the caller can store a new token in place of an old one
     */
    async judge(visitor: SiteVisitor, { isEntry, mayRenew }: ShownToken): Promise<z.infer<typeof entryAnswer>> {
      const { eventId: event, generation, position, arrival, untilMs, site, serial } = visitor;
      const request = { event, generation, position, arrival, untilMs, site, serial, isEntry, mayRenew };
      const answer = await scripts<string>('enterSite', shardOfEvent(event, shards), [JSON.stringify(request)]);
      return entryAnswer.parse(JSON.parse(answer));
    },

    /** How often a visitor has entered a site. */
    async count({ eventId, generation, position, site }: Omit<SiteVisitor, 'serial' | 'arrival' | 'untilMs'>) {
      const { roomEntriesStem } = keysOf(shardOfEvent(eventId, shards));
      const key = `${roomEntriesStem}${eventId}:${generation}:${Math.floor(position / LINE_CHUNK)}`;
      const stored = await redisOfEvent(deps, eventId).hget(key, `${position} ${site}`);
      return stored === null ? 0 : storedEntries.parse(JSON.parse(stored)).entries;
    },
  };
}

export type SiteEntries = ReturnType<typeof createSiteEntries>;
