import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { timed } from '../../platform/metrics.ts';
import type { RedisShards } from '../../platform/redis.ts';
import { projectRoot } from '../../platform/root.ts';
import { serverMetrics } from '../../platform/server-metrics.ts';
import { keysOf } from './keys.ts';
import { luaConstant, offsetOfField, takesFields } from './script-values.ts';

/** The scripts of lua/. Each gets its shard's hash tag as its only key and spells its keys by lua/lib/keys.lua. */
export const scriptNames = [
  'acceptTickets',
  'bindKeys',
  'noteQueued',
  'decideChanges',
  'settleTickets',
  'watchTickets',
  'claimSeats',
  'readClaims',
  'releaseClaim',
  'releaseSeats',
  'unblockSeats',
  'freeOrphans',
  'renewLocks',
  'mendSeats',
  'countSeats',
  'recountZone',
  'restoreRows',
  'openHouse',
  'openRoom',
  'joinRoom',
  'takeTurn',
  'leaveRoom',
  'enterSite',
  'reportDone',
  'measureRoom',
  'stepRoom',
  'serveRoom',
  'useAdmission',
  'releaseRooms',
  'readRooms',
] as const;

export type ScriptName = (typeof scriptNames)[number];

/**
 * The text of a script as Redis gets it. In its file these are replaced: `-- @include name` by lua/lib/name.lua (the
 * first time; an include may include others), `-- @constants A B` and `FIELDS.name` by the values of script-values.ts.
 */
export function scriptText(name: ScriptName): string {
  const included = new Set<string>();
  function read(path: string): string {
    const text = readFileSync(join(projectRoot, 'lua', `${path}.lua`), 'utf8');
    return text.replaceAll(/^-- @include (\w+)$/gm, (_line, include: string) => {
      if (included.has(include)) return '';
      included.add(include);
      return read(`lib/${include}`);
    });
  }
  return withoutUnused(read(name))
    .replaceAll(/^-- @constants (.+)$/gm, (_line, names: string) => names.split(' ').map(luaConstant).join('\n'))
    .replaceAll(/\bFIELDS\.(\w+)/g, (_use, field: string) => String(offsetOfField(name, field)));
}

/** A function at the top level of a script: on one line, or until the next `end` at its beginning. */
const LUA_FUNCTION = /^local function (\w+)\((?:[^\n]* end|[^\n]*\n(?: [^\n]*\n|\n)*end)\n/gm;

/** Leaves out the functions of includes that a script does not call: Lua permits 200 of them and other locals. */
function withoutUnused(text: string): string {
  const code = text.replaceAll(/--.*$/gm, '');
  const isCalled = (name: string) => code.split(new RegExp(`\\b${name}\\b`)).length > 2;
  const left = text.replaceAll(LUA_FUNCTION, (definition, name: string) => (isCalled(name) ? definition : ''));
  return left === text ? text : withoutUnused(left);
}

/**
 * Redis and its client handle each argument of a command by itself. A script that takes the fields of many tickets,
 * requests or seats therefore gets all its arguments as one JSON array, and begins with this line.
 */
const DECODE_ARGUMENTS = 'local ARGV = cjson.decode(ARGV[1])\n';

/** A script as its connection runs it; `text` is another one where a test plants a bug. */
function definitionOf(name: ScriptName, isCluster: boolean, text = scriptText(name)) {
  const decode = takesFields(name) ? DECODE_ARGUMENTS : '';
  const publish = isCluster ? text.replaceAll("'PUBLISH'", "'SPUBLISH'") : text; // each master publishes its own
  return { numberOfKeys: 1, lua: `${decode}${publish}` };
}

/** Defines a script on a connection to a single server; with another text where a test plants a bug. */
export const defineScript = (redis: Redis, name: ScriptName, text?: string): void =>
  redis.defineCommand(name, definitionOf(name, false, text));

/**
 * Defines every script on the connections of a process. The result runs one, by name, in a shard, and returns what its
 * header states.
 */
export function createScripts(redis: RedisShards) {
  for (const name of scriptNames) {
    const definition = definitionOf(name, redis.isCluster);
    for (const connection of redis.all) connection.defineCommand(name, definition);
  }
  type Commands = Record<ScriptName, (...args: (string | number)[]) => Promise<unknown>>;

  return async function run<Reply>(
    name: ScriptName,
    shard: number,
    args: readonly (string | number)[],
  ): Promise<Reply> {
    const commands = redis.of(shard) as unknown as Commands;
    const { tag } = keysOf(shard);
    const sent = takesFields(name) ? [JSON.stringify(args.map(String))] : args;
    const reply = await timed(serverMetrics.scriptSeconds.labels(name), () => commands[name](tag, ...sent));
    return reply as Reply;
  };
}

export type Scripts = ReturnType<typeof createScripts>;
