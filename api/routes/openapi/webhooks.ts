import { z } from 'zod';
import type { ZodOpenApiObject } from 'zod-openapi';
import {
  changesMessage,
  endpointAnswer,
  webhookBody,
  webhookChange,
  webhookId,
  webhookList,
  webhookReplay,
  webhookView,
  webhookWithSecret,
} from '../../../shared/contract/webhooks.ts';
import { answer, type OperationPaths, ok, operations } from './operations.ts';

const ofOperator = operations('Webhooks', 'operator');
const path = z.object({ id: webhookId });

export const webhookPaths: OperationPaths = {
  '/admin/webhooks': {
    get: ofOperator(
      'listWebhooks',
      'List webhooks, how far behind each is, and its last answers',
      {},
      {
        ...ok('The webhooks, without their secrets.', webhookList),
      },
    ),
    post: ofOperator(
      'createWebhook',
      'Send changes to an endpoint from now on. Its secret is shown only in this answer',
      { body: webhookBody },
      { '201': answer('Made.', webhookWithSecret) },
      ['TOO_MANY_WEBHOOKS'],
    ),
  },
  '/admin/webhooks/{id}': {
    get: ofOperator('showWebhook', 'Show a webhook', { path }, ok('The webhook.', webhookView), ['WEBHOOK_UNKNOWN']),
    patch: ofOperator(
      'changeWebhook',
      'Change a webhook, disable it or enable it again',
      { path, body: webhookChange },
      ok('The changed webhook.', webhookView),
      ['WEBHOOK_UNKNOWN', 'CURSOR_EXPIRED'],
    ),
    delete: ofOperator('deleteWebhook', 'Delete a webhook', { path }, { '204': { description: 'Deleted.' } }, [
      'WEBHOOK_UNKNOWN',
    ]),
  },
  '/admin/webhooks/{id}/rotate-secret': {
    post: ofOperator(
      'rotateWebhookSecret',
      'Give a webhook another secret. For a day the one before signs each message too',
      { path },
      ok('The webhook with its secret, which is shown only here.', webhookWithSecret),
      ['WEBHOOK_UNKNOWN'],
    ),
  },
  '/admin/webhooks/{id}/test': {
    post: ofOperator(
      'testWebhook',
      'Send one message `{"type":"test","data":[]}` now, and show the answer',
      { path },
      ok('The status of the answer, or why there was none.', endpointAnswer),
      ['WEBHOOK_UNKNOWN'],
    ),
  },
  '/admin/webhooks/{id}/replay': {
    post: ofOperator(
      'replayWebhook',
      'Send changes again, from a time or behind a cursor; a stopped webhook goes on',
      { path, body: webhookReplay },
      ok('The webhook at its new place.', webhookView),
      ['WEBHOOK_UNKNOWN', 'CURSOR_EXPIRED'],
    ),
  },
};

/** The headers of the Standard Webhooks specification. */
const header = z.object({
  'webhook-id': z.string().meta({ description: 'The id of the message, the same at each attempt.' }),
  'webhook-timestamp': z.string().meta({ description: 'The seconds since 1970 of this attempt.' }),
  'webhook-signature': z.string().meta({
    description: '`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; two, with a space, after a rotation.',
  }),
});

/** The requests that endpoints get. */
export const sentWebhooks: NonNullable<ZodOpenApiObject['webhooks']> = {
  changes: {
    post: {
      operationId: 'receiveChanges',
      summary:
        'Changes in the order of the feed. A message that was not taken is sent again, with the same id and bytes',
      tags: ['Webhooks'],
      requestParams: { header },
      requestBody: { required: true, content: { 'application/json': { schema: changesMessage } } },
      responses: {
        '2XX': { description: 'Taken: the next message follows.' },
        '410': { description: 'No more messages: the webhook is disabled.' },
        default: { description: 'Not taken: sent again, after a second to an hour, for three days.' },
      },
    },
  },
};
