import { DEFAULT_MAX_SEATS, MAX_BATCH_REQUESTS } from '../../contract/limits.ts';
import { cooldownsMs, LAPSES_KEPT_MS } from '../../domain/hold-cooldown.ts';
import { LINE_CHUNK, MAX_NOTED_AHEAD_MS, MAX_TERMS, STEP_LEASE_MS } from '../../domain/line.ts';
import { LOCK_GRACE_MS } from '../../domain/seat-locks.ts';
import { GRACE_MS, MAX_UNSHOWN, RENEW_MS } from '../../domain/site-entry.ts';

/**
 * Constants that scripts share with TypeScript. A script or include names those it uses in a line
 * `-- @constants A B`, which becomes `local A = 1` and `local B = 2`.
 */
const scriptConstants = {
  MAX_BATCH_REQUESTS,
  DEFAULT_MAX_SEATS,
  LOCK_GRACE_MS,
  /** Milliseconds that a buyer waits after the first lapse, the second and so on. */
  HOLD_COOLDOWNS_MS: cooldownsMs,
  LAPSES_KEPT_MS,
  LINE_CHUNK,
  MAX_NOTED_AHEAD_MS,
  MAX_TERMS,
  STEP_LEASE_MS,
  RENEW_MS,
  GRACE_MS,
  MAX_UNSHOWN,
} as const satisfies Record<string, number | readonly number[]>;

/**
 * The fields of one ticket, request or seat, in order, for scripts that take many after their first arguments. In the
 * script `FIELDS.kind` becomes the offset of `kind`, and `FIELDS.COUNT` their number. A value that is missing is ''.
 */
export const scriptFields = {
  /**
   * `about`: "<kind> <event> <user> <digest of its idempotency key>", each "-" where there is none. `conditions`: "<end
   * of its admission in milliseconds> <digest> <fingerprint of the request>", where it has an admission or such a key.
   */
  acceptTickets: ['ticketId', 'about', 'conditions'],
  /** The key's digest, the id that it leads to from now on, and the fingerprint of its request. */
  bindKeys: ['digest', 'id', 'fingerprint'],
  /** `outcome`: as text. */
  decideChanges: ['ticketId', 'outcome'],
  /** `outcome`: as text. `refused`: 1, else 0. */
  settleTickets: ['ticketId', 'outcome', 'refused'],
  /**
   * `zone`, `row`: 0 for any. `start`: counted from 0, or -1 for any. `options`: '' for most, else "<1 to hold the
   * seats, 0 to sell them> <admission, or -> <labels>". An admission is "<generation>:<position>:<uses>:<untilMs>".
   * Labels are exact seats that are no run; then zone, row and start do not count.
   */
  claimSeats: ['ticketId', 'event', 'zone', 'row', 'start', 'seatCount', 'user', 'options'],
  /**
   * Seats that a booking gave up. `owner`: the ticket that took them. `sold`: 1, or 0 where they were held. `once`: the
   * id of the release, or '' where freeing them again changes nothing.
   */
  releaseSeats: ['owner', 'user', 'labels', 'sold', 'once'],
  /** One seat. `record`: the difference as it is recorded. `ticketId`, `user`: of its hold, or ''. */
  freeOrphans: ['label', 'record', 'ticketId', 'user'],
  /** One seat. `lockMs`: milliseconds from now, or 0 for ever. */
  renewLocks: ['ticketId', 'user', 'zone', 'row', 'seat', 'lockMs'],
  /** One seat. `status`: HELD, SOLD or BLOCKED. */
  mendSeats: ['ticketId', 'zone', 'row', 'seat', 'status'],
  /** One taken seat of the zone. `status`: HELD, SOLD, BLOCKED, or CLAIMED where PostgreSQL does not have it yet. */
  restoreRows: ['row', 'seat', 'ticketId', 'status'],
} as const satisfies Record<string, readonly string[]>;

type FieldOf<Name extends keyof typeof scriptFields> = (typeof scriptFields)[Name][number];

/** The values of one ticket, request or seat, by field. */
export type FieldValues<Name extends keyof typeof scriptFields> = Record<FieldOf<Name>, string | number>;

/** Adds the fields of one ticket, request or seat to a script's arguments. */
export function pushFields<Name extends keyof typeof scriptFields>(
  args: (string | number)[],
  name: Name,
  values: FieldValues<Name>,
): void {
  for (const field of scriptFields[name] as readonly FieldOf<Name>[]) args.push(values[field]);
}

/** Whether a script takes the fields of many tickets, requests or seats. */
export const takesFields = (script: string): boolean => Object.hasOwn(scriptFields, script);

/** The line that declares a constant in Lua. */
export function luaConstant(name: string): string {
  const value = (scriptConstants as Record<string, number | readonly number[]>)[name];
  if (value === undefined) throw new Error(`no constant is named ${name}`);
  return `local ${name} = ${typeof value === 'number' ? value : `{ ${value.join(', ')} }`}`;
}

/** The offset of a script's field from the first field; of `COUNT`, the number of fields. */
export function offsetOfField(script: string, field: string): number {
  const fields = (scriptFields as Record<string, readonly string[]>)[script] ?? [];
  const offset = field === 'COUNT' ? fields.length : fields.indexOf(field);
  if (offset < 0) throw new Error(`${script} has no field ${field}`);
  return offset;
}
