import { z } from 'zod';
import { eventId, inAddress, MAX_INTEGER } from './ids.ts';
import { MAX_ENTRIES_ON_PAGE } from './limits.ts';

/**
 * Every act that the audit trail records: operator jobs, acts that an API process or a command performs without a job,
 * and `doubtSeats` of reconciling.
 */
const act = z.enum([
  'createEvent',
  'changeEvent',
  'cancelEvent',
  'deleteEvent',
  'archiveEvent',
  'block',
  'unblock',
  'sellBlocked',
  'clear',
  'initialize',
  'changeRoom',
  'return',
  'refund',
  'exchange',
  'audit',
  'rebuild',
  'setWorkers',
  'setShards',
  'openSession',
  'makeKey',
  'revokeKey',
  'publishGateKey',
  'withdrawGateKey',
  'forgetBuyer',
  'makeWebhook',
  'changeWebhook',
  'rotateWebhookSecret',
  'replayWebhook',
  'deleteWebhook',
  'startHerd',
  'doubtSeats',
  'restoreSeats',
  'freeSeats',
]);

export type TrailAct = z.infer<typeof act>;

/**
 * An operator or a trusted server: the name of the credential (`admin token`, `key <name>`, or `loopback` if none is
 * needed) and the client address.
 */
export const actor = z.strictObject({ name: z.string().max(64), address: z.string().max(64) });

export type Actor = z.infer<typeof actor>;

/** Query of `GET /admin/trail`: entries with numbers below `after`, or the newest. */
export const trailQuery = z.strictObject({
  after: inAddress(z.int().min(1).max(MAX_INTEGER)).optional(),
  limit: inAddress(z.int().min(1).max(MAX_ENTRIES_ON_PAGE)).default(MAX_ENTRIES_ON_PAGE),
});

/** One act. `before` and `after`: the changed values, as JSON. */
const trailEntry = z
  .object({
    /** Counts from 1 without gaps, in the order in which acts were committed. */
    number: z.int(),
    at: z.iso.datetime(),
    act,
    by: z.string(),
    address: z.string(),
    eventId: eventId.optional(),
    before: z.unknown().optional(),
    after: z.unknown().optional(),
  })
  .meta({ id: 'TrailEntry' });

export type TrailEntry = z.infer<typeof trailEntry>;

/** A page of the audit trail, the newest entry first. `next`: the address of the next older page. */
export const trailPage = z
  .object({ entries: z.array(trailEntry), next: z.string().optional() })
  .meta({ id: 'TrailPage' });

export type TrailPage = z.infer<typeof trailPage>;
