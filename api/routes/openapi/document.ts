import { createDocument, type ZodOpenApiOverride } from 'zod-openapi';
import { adminPaths } from './admin.ts';
import { bookingPaths } from './bookings.ts';
import { buyerPaths } from './buyers.ts';
import { compatPaths } from './compat.ts';
import { eventPaths } from './events.ts';
import { examples, SAMPLE_ID } from './examples.ts';
import { feedPaths } from './feed.ts';
import { gatePaths } from './gate.ts';
import { healthPaths } from './health.ts';
import { keyPaths } from './keys.ts';
import { orderPaths } from './orders.ts';
import { userPaths } from './users.ts';
import { waitingRoomPaths } from './waiting-room.ts';
import { sentWebhooks, webhookPaths } from './webhooks.ts';

const description =
  'Queue-backed seat booking. A request answers with a ticket; its outcome is polled, or pushed over WebSocket ' +
  '`/ws`. The examples work on a new system of `npm start`: authorize `operator` and `key` with its admin token, ' +
  'which it prints after `#token=`.';

const securitySchemes = {
  user: { type: 'http', scheme: 'bearer', description: 'The token of `POST /api/users/login`, where AUTH=on.' },
  operator: { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN: it has every scope.' },
  key: {
    type: 'http',
    scheme: 'bearer',
    description:
      'A key of `POST /admin/keys`: scope `sell` to sell and to name buyers, `return` to return sold seats, `read` ' +
      'to read what is not the own, `operate` for what operators do. Every route refuses an invalid key with 401.',
  },
} as const;

type Document = ReturnType<typeof createDocument>;
type DescribedOperation = NonNullable<NonNullable<Document['paths']>[string]['get']>;

/** Gives an operation its example: that of its body, and those of its parameters. */
function addExample(operation: DescribedOperation): void {
  const { path, query, header, body, idOf = 'holdSeats' } = examples[operation.operationId ?? ''] ?? {};
  for (const parameter of operation.parameters ?? []) {
    if ('$ref' in parameter) continue;
    const value = { path, query, header }[parameter.in as 'path' | 'query' | 'header']?.[parameter.name];
    if (value !== undefined) parameter.example = value;
    if (value === SAMPLE_ID) parameter.description = `The id in an answer of ${idOf}.`;
  }
  const { requestBody } = operation;
  const content = requestBody !== undefined && 'content' in requestBody ? requestBody.content : undefined;
  const json = content?.['application/json'];
  if (json !== undefined && body !== undefined) json.example = body;
}

/** The API as OpenAPI 3.1, made from the schemas that parse requests and type answers. */
export function openApiDocument(): Document {
  const document = describe();
  for (const methods of Object.values(document.paths ?? {}))
    for (const operation of Object.values(methods)) addExample(operation as DescribedOperation);
  return document;
}

/**
 * Describes an object alike in requests and in answers, or a schema of both would become two components: it has no
 * other fields, unless it is a loose one. The keyword comes last, because zod-openapi compares the two as texts.
 */
const override: ZodOpenApiOverride = ({ jsonSchema, zodSchema }) => {
  const { def } = zodSchema._zod;
  if (def.type !== 'object') return;
  delete jsonSchema.additionalProperties;
  if (def.catchall?._zod.def.type !== 'unknown') jsonSchema.additionalProperties = false;
};

const describe = () =>
  createDocument(
    {
      openapi: '3.1.0',
      info: { title: 'Frontrow', version: '1', description },
      components: { securitySchemes },
      paths: {
        ...compatPaths,
        ...bookingPaths,
        ...orderPaths,
        ...feedPaths,
        ...eventPaths,
        ...waitingRoomPaths,
        ...gatePaths,
        ...adminPaths,
        ...keyPaths,
        ...webhookPaths,
        ...buyerPaths,
        ...userPaths,
        ...healthPaths,
      },
      webhooks: sentWebhooks,
    },
    { override },
  );
