import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { openApiDocument } from '../../api/routes/openapi/document.ts';

/** The OpenAPI document of this run: global-setup.ts makes it once, and each file that sends requests reads it. */
export const document: ReturnType<typeof openApiDocument> = JSON.parse(
  readFileSync(process.env.TEST_OPENAPI_FILE ?? '', 'utf8'),
);

// Most schemas validate a few answers of one file: compiling them quickly matters more than what they compile to.
const compileQuickly = { inlineRefs: false, code: { optimize: false } };
const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { base64: true }, ...compileQuickly });
addFormats.default(ajv);
ajv.addSchema(document, 'openapi');

const templates = Object.keys(document.paths ?? {}).map((template) => ({
  template,
  pattern: new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));

type Responses = Record<string, { content?: Record<string, unknown> }>;
const compiled = new Map<string, ValidateFunction>();
const escaped = (part: string) => part.replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * Compares an answer with the OpenAPI document: status, content type and body. A path or method that the document does
 * not have must have been refused as unknown.
 *
 * @throws Error that names the difference
 */
export function expectDocumented(
  method: string,
  path: string,
  response: Response,
  body: Record<string, unknown>,
): void {
  const [bare = ''] = path.split('?', 1);
  const { template } = templates.find(({ pattern }) => pattern.test(bare)) ?? {};
  const operations = template === undefined ? undefined : document.paths?.[template];
  const operation = operations?.[method.toLowerCase() as 'get'];
  if (template === undefined || operation === undefined) {
    if (body.code === 'ROUTE_UNKNOWN' || body.code === 'INVALID_REQUEST') return;
    throw new Error(`${method} ${path} is not in the OpenAPI document`);
  }
  const status = String(response.status);
  const documented = (operation.responses as Responses)[status];
  if (documented === undefined) throw new Error(`${method} ${template} answered ${status}, which is not documented`);
  const type = (response.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
  if (documented.content === undefined) return;
  if (documented.content[type] === undefined) throw new Error(`${method} ${template} ${status} answered as ${type}`);

  const where = ['paths', template, method.toLowerCase(), 'responses', status, 'content', type, 'schema'];
  const ref = `openapi#/${where.map(escaped).map(encodeURIComponent).join('/')}`;
  const validate = compiled.get(ref) ?? ajv.compile({ $ref: ref });
  compiled.set(ref, validate);
  if (!validate(body)) {
    throw new Error(`${method} ${path} ${status} is not as documented: ${ajv.errorsText(validate.errors)}`);
  }
}
