import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { timed } from '../../platform/metrics.ts';
import { projectRoot } from '../../platform/root.ts';
import { serverMetrics } from '../../platform/server-metrics.ts';
import { keysOf, type ShardKeys } from './keys.ts';

/** What every script takes that changes seats. */
const seatKeys = [
  'houseStem',
  'seatsStem',
  'heldStem',
  'blockedStem',
  'lockStem',
  'fullStem',
  'neatStem',
  'countsStem',
] as const satisfies readonly (keyof ShardKeys)[];

/** What every script takes that counts the uses of admissions. */
const admissionKeys = ['roomStem', 'roomUsesStem', 'roomInsideStem'] as const satisfies readonly (keyof ShardKeys)[];

/** The scripts of lua/ with the keys that each takes, in order. A test holds each script's header to this. */
export const scriptKeys = {
  acceptTickets: ['sequence', 'settled', 'ticketStem', 'idemStem', 'waiting', 'active', 'delayed'],
  bindKey: ['idemStem'],
  noteQueued: ['ticketStem'],
  claimSeats: [...seatKeys, 'buyersStem', 'ticketStem', 'changesStem', ...admissionKeys, 'lapsesStem'],
  releaseSeats: [...seatKeys, 'buyersStem', 'ticketStem', 'changesStem', ...admissionKeys, 'lapsesStem'],
  mendSeats: [...seatKeys, 'changesStem'],
  renewLocks: [...seatKeys, 'changesStem', 'lapsesStem'],
  recountZone: ['houseStem', 'seatsStem', 'heldStem', 'blockedStem', 'countsStem'],
  restoreRows: [...seatKeys, 'changesStem'],
  settleTickets: ['settled', 'ticketStem', 'idemStem', 'channelStem'],
  watchTickets: ['settled', 'ticketStem'],
  openRoom: ['roomStem', 'roomHistoryStem', 'roomInsideStem'],
  joinRoom: ['roomStem', 'houseStem', 'roomSpentStem'],
  takeTurn: ['roomStem', 'roomHistoryStem', 'roomTakenStem', 'roomLeftStem', 'roomInsideStem'],
  leaveRoom: ['roomStem', 'roomHistoryStem', 'roomTakenStem', 'roomLeftStem', 'roomUsesStem', 'roomInsideStem'],
  measureRoom: [
    ...['sequence', 'settled', 'waiting', 'active', 'delayed', 'houseStem', 'countsStem'],
    ...['roomStem', 'roomHistoryStem', 'roomTakenStem', 'roomInsideStem'],
  ] as const,
  stepRoom: ['roomStem'],
  serveRoom: ['roomStem', 'roomHistoryStem', 'roomTakenStem'],
  readRooms: ['roomStem', 'houseStem'],
} as const satisfies Record<string, readonly (keyof ShardKeys)[]>;

export type ScriptName = keyof typeof scriptKeys;

export const scriptNames = Object.keys(scriptKeys) as ScriptName[];

/** The text of a script as Redis gets it: its file with the included ones in place. */
export function scriptText(name: string): string {
  const read = (path: string) => readFileSync(join(projectRoot, 'lua', `${path}.lua`), 'utf8');
  return read(name).replaceAll(/^-- @include (\w+)$/gm, (_line, included: string) => read(`lib/${included}`));
}

/** Teaches a connection every script. The result runs one, by name, in a shard, and answers what its header says. */
export function createScripts(redis: Redis) {
  for (const name of scriptNames) {
    redis.defineCommand(name, { numberOfKeys: scriptKeys[name].length, lua: scriptText(name) });
  }
  const commands = redis as unknown as Record<ScriptName, (...args: (string | number)[]) => Promise<unknown>>;

  return async function run<Reply>(
    name: ScriptName,
    shard: number,
    args: readonly (string | number)[],
  ): Promise<Reply> {
    const keys = keysOf(shard);
    const reply = await timed(serverMetrics.scriptSeconds.labels(name), () =>
      commands[name](...scriptKeys[name].map((key) => keys[key]), ...args),
    );
    return reply as Reply;
  };
}

export type Scripts = ReturnType<typeof createScripts>;
