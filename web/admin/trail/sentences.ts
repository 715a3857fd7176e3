import type { TrailAct, TrailEntry } from '../../../shared/contract/trail.ts';

/** A field that an act changed, as text. */
export type Changed = { field: string; before: string; after: string };

/** Characters of one value, and fields of one act, that are shown: the record has all. */
const MAX_CHARACTERS = 80;
const MAX_FIELDS = 12;

type Fields = Record<string, unknown>;

/** The fields of `before` or `after`; none where the act has no record of them. */
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});

/** The operator of an act: `Anna’s key`. */
function operatorOf(by: string): string {
  if (by === 'admin token') return 'The admin token';
  if (by === 'loopback') return 'An operator at this machine';
  return by.startsWith('key ') ? `${by.slice(4)}’s key` : by;
}

/** An act as a sentence without its time: `Anna’s key paused the sales of event 3`. */
export function sentenceOf({ by, act, eventId, before, after }: TrailEntry): string {
  const event = eventId === undefined ? 'an event' : `event ${eventId}`;
  const say = ACTS[act] as (typeof ACTS)[TrailAct] | undefined; // a newer process may record other acts
  return `${operatorOf(by)} ${say?.(event, fieldsOf(after), fieldsOf(before)) ?? `did ${act} in ${event}`}`;
}

/** The fields that an act changed, with their values before and after. */
export function changesOf({ before, after }: Pick<TrailEntry, 'before' | 'after'>): Changed[] {
  const [old, changed] = [fieldsOf(before), fieldsOf(after)];
  return Object.keys(changed)
    .filter((field) => field in old && JSON.stringify(old[field]) !== JSON.stringify(changed[field]))
    .slice(0, MAX_FIELDS)
    .map((field) => ({ field, before: valueText(old[field]), after: valueText(changed[field]) }));
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}

const seatsIn = ({ seats }: Fields): string => {
  const count = Array.isArray(seats) ? seats.length : undefined;
  return count === undefined ? 'seats' : count === 1 ? '1 seat' : `${count} seats`;
};

const named = (kind: string, { name }: Fields): string => (typeof name === 'string' ? `${kind} “${name}”` : kind);

/** A webhook by its address. */
const webhook = (...records: Fields[]): string => {
  const url = records.map((record) => record.url).find((one) => typeof one === 'string');
  return url === undefined ? 'a webhook' : `the webhook to ${url}`;
};

function changeOfEvent(event: string, after: Fields): string {
  if (Object.keys(after).length === 1 && 'salesPaused' in after)
    return `${after.salesPaused === true ? 'paused' : 'resumed'} the sales of ${event}`;
  return `changed ${event}`;
}

function changeOfRoom(event: string, after: Fields): string {
  const [field, ...others] = Object.keys(after);
  if (others.length > 0) return `changed the waiting room of ${event}`;
  if (field === 'paused') return `${after.paused === true ? 'paused' : 'resumed'} the admission to ${event}`;
  if (field === 'mode') return `switched the waiting room of ${event} to ${after.mode}`;
  return `changed the waiting room of ${event}`;
}

/** The words of each act, after its operator. */
const ACTS: Record<TrailAct, (event: string, after: Fields, before: Fields) => string> = {
  createEvent: (event, after) => `created ${event}${typeof after.name === 'string' ? `, “${after.name}”` : ''}`,
  changeEvent: changeOfEvent,
  cancelEvent: (event) => `cancelled ${event}`,
  deleteEvent: (event) => `deleted ${event}`,
  archiveEvent: (event) => `moved ${event} into an archive`,
  block: (event, after) => `blocked ${seatsIn(after)} of ${event}`,
  unblock: (event, after) => `released ${seatsIn(after)} of ${event}`,
  sellBlocked: (event, after) => `sold ${seatsIn(after)} of ${event} that were blocked`,
  clear: (event) => `deleted all bookings of ${event}`,
  initialize: (event) => `made ${event} anew`,
  changeRoom: changeOfRoom,
  return: (event, _, before) => `returned ${seatsIn(before)} of a booking of ${event}`,
  refund: () => 'recorded that an order was refunded',
  exchange: (event) => `gave a booking of ${event} other seats`,
  audit: () => 'compared PostgreSQL and Redis',
  rebuild: () => 'rebuilt Redis from PostgreSQL',
  setWorkers: (_, { processes }) =>
    processes === 'auto' ? 'let the number of workers follow the load' : `set the number of workers to ${processes}`,
  setShards: () => 'changed the number of shards',
  openSession: () => 'opened the queue dashboard',
  makeKey: (_, after) => `made ${named('the key', after)}`,
  revokeKey: (_, __, before) => `revoked ${named('the key', before)}`,
  publishGateKey: () => 'published a new key of the gate',
  withdrawGateKey: () => 'withdrew a key of the gate',
  forgetBuyer: () => 'erased the name of a buyer',
  makeWebhook: (_, after) => `made ${webhook(after)}`,
  changeWebhook: (_, after, before) => `changed ${webhook(after, before)}`,
  rotateWebhookSecret: (_, after, before) => `gave ${webhook(after, before)} a new secret`,
  replayWebhook: (_, after, before) => `sent changes again to ${webhook(after, before)}`,
  deleteWebhook: (_, after, before) => `deleted ${webhook(before, after)}`,
  startHerd: () => 'sent the demonstration herd',
  doubtSeats: (event, after) => `found ${seatsIn(after)} of ${event} in doubt`,
  restoreSeats: (event) => `gave a lost booking of ${event} its seats again`,
  freeSeats: (event, after) => `freed ${seatsIn(after)} of ${event} that were in doubt`,
};
