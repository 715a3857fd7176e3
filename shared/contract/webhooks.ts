import { z } from 'zod';
import { type Change, change, changeType, feedCursor } from './changes.ts';
import { eventId, MAX_INTEGER } from './ids.ts';
import { MAX_CHANGES_IN_MESSAGE, MAX_EVENTS_OF_WEBHOOK, MAX_WEBHOOKS } from './limits.ts';
import { text } from './text.ts';
import { moment } from './times.ts';

/** The beginning of each secret, by the Standard Webhooks specification. The rest is base64. */
export const SECRET_PREFIX = 'whsec_';

/** Characters of an endpoint's address. */
const MAX_URL_LENGTH = 2_000;

/** Characters of its description. */
const MAX_DESCRIPTION_LENGTH = 200;

/** Answers of an endpoint that are kept, the newest. */
export const MAX_LAST_ANSWERS = 10;

/** The number of a webhook. */
export const webhookId = z.int().min(1).max(MAX_INTEGER);

const isWithoutRepeats = (items: readonly unknown[]): boolean => new Set(items).size === items.length;

/** The address of an endpoint. The setting WEBHOOKS_TO_PRIVATE_ADDRESSES permits `http` and private addresses. */
const endpointUrl = z
  .string()
  .max(MAX_URL_LENGTH)
  .refine((url) => /^https?:\/\//.test(url) && URL.canParse(url), 'an address that begins with https://')
  .refine((url) => {
    const { username, password } = URL.canParse(url) ? new URL(url) : { username: '', password: '' };
    return username === '' && password === '';
  }, 'must have no user and password: the signature proves the sender')
  .refine((url) => !url.includes('#'), 'must have no fragment');

const endpoint = {
  url: endpointUrl.meta({ description: 'https, without credentials. Redirects are not followed.' }),
  types: z
    .array(changeType)
    .min(1)
    .max(changeType.options.length)
    .refine(isWithoutRepeats, 'must not repeat a type')
    .meta({ description: 'The types of changes that are sent.' }),
  description: text(MAX_DESCRIPTION_LENGTH),
};

const eventIds = z
  .array(eventId)
  .min(1)
  .max(MAX_EVENTS_OF_WEBHOOK)
  .refine(isWithoutRepeats, 'must not repeat an event');

/** Body of `POST /admin/webhooks`. */
export const webhookBody = z
  .strictObject({
    ...endpoint,
    eventIds: eventIds.optional().meta({ description: 'Changes of these events only.' }),
  })
  .meta({ id: 'WebhookRequest' });

/** Body of `PATCH /admin/webhooks/:id`: what changes. */
export const webhookChange = z
  .strictObject({
    ...endpoint,
    eventIds: eventIds.nullable().meta({ description: 'null: of all events.' }),
    enabled: z.boolean().meta({
      description: 'true: go on with the first change that was not delivered, now. false: send nothing more.',
    }),
  })
  .partial()
  .refine((change) => Object.keys(change).length > 0, 'names nothing to change')
  .meta({ id: 'WebhookChange' });

export type WebhookChange = z.infer<typeof webhookChange>;

/** Body of `POST /admin/webhooks/:id/replay`. */
export const webhookReplay = z
  .strictObject({
    from: moment.optional().meta({ description: 'Changes since this time are sent again.' }),
    after: feedCursor.optional().meta({ type: 'string', description: 'Changes behind this cursor are sent again.' }),
  })
  .refine(({ from, after }) => (from === undefined) !== (after === undefined), 'has either `from` or `after`')
  .meta({ id: 'WebhookReplay' });

/** ACTIVE, STOPPED (it failed for three days) or DISABLED (its endpoint answered 410, or an operator did it). */
const webhookStatus = z.enum(['ACTIVE', 'STOPPED', 'DISABLED']);

export type WebhookStatus = z.infer<typeof webhookStatus>;

/** One attempt: its time, its duration, and the status that the endpoint answered with, or why there was none. */
export const endpointAnswer = z
  .object({
    at: z.iso.datetime(),
    ms: z.int(),
    status: z.int().optional(),
    fault: z.string().optional().meta({ description: 'Why there was no answer.' }),
  })
  .meta({ id: 'EndpointAnswer' });

export type EndpointAnswer = z.infer<typeof endpointAnswer>;

/** A webhook, without its secret. */
export const webhookView = z
  .object({
    id: webhookId,
    url: z.string(),
    types: z.array(changeType),
    eventIds: z.array(eventId).optional().meta({ description: 'Absent: of all events.' }),
    description: z.string(),
    status: webhookStatus,
    createdAt: z.iso.datetime(),
    cursor: z.string().meta({ description: 'The last change that was delivered, or that its filter leaves out.' }),
    lag: z.object({
      changes: z.int().meta({ description: 'Changes that have yet to be delivered; counted up to some thousands.' }),
      seconds: z.number().meta({ description: 'The age of the oldest of them.' }),
    }),
    failures: z.int().meta({ description: 'Attempts that failed since the last success.' }),
    failingSince: z.iso.datetime().optional(),
    nextAttemptAt: z.iso.datetime().optional(),
    secretRotatedUntil: z.iso.datetime().optional().meta({ description: 'Until then the secret before signs too.' }),
    lastAnswers: z.array(endpointAnswer).max(MAX_LAST_ANSWERS).meta({ description: 'The newest first.' }),
  })
  .meta({ id: 'Webhook' });

export type WebhookView = z.infer<typeof webhookView>;

/** All webhooks, the oldest first. */
export const webhookList = z.object({ webhooks: z.array(webhookView).max(MAX_WEBHOOKS) }).meta({ id: 'WebhookList' });

/** A webhook with a new secret, which is shown only here. */
export const webhookWithSecret = webhookView.extend({ secret: z.string() }).meta({ id: 'WebhookWithSecret' });

/** The body of a message: changes in the order of the feed. */
export const changesMessage = z
  .object({ type: z.literal('changes'), data: z.array(change).min(1).max(MAX_CHANGES_IN_MESSAGE) })
  .meta({ id: 'ChangesMessage' });

/** The text of a message's body. Each change is JSON already. */
export const changesBody = (changes: readonly string[]): string => `{"type":"changes","data":[${changes.join(',')}]}`;

/** The body of the message of `POST /admin/webhooks/:id/test`. */
export const TEST_BODY = '{"type":"test","data":[]}';

/** The number of a change, from its cursor. */
export const numberOf = ({ cursor }: Pick<Change, 'cursor'>): number => feedCursor.parse(cursor).number;
