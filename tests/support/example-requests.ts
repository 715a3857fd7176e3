import { SAMPLE_ID } from '../../api/routes/openapi/examples.ts';
import { document } from './openapi.ts';

/** An operation of the OpenAPI document, and what its example has to fill in. */
export type Described = {
  id: string;
  method: string;
  path: string;
  parameters: { name: string; in: string; required?: boolean; example?: unknown }[];
  body: { example?: object } | undefined;
  /** Whether `/docs` sends the token with which a reader has authorized as `operator` and `key`. */
  takesToken: boolean;
};

type OperationObject = {
  operationId: string;
  parameters?: Described['parameters'];
  security?: Record<string, string[]>[];
  requestBody?: { content: Record<string, { example?: object }> };
};

/** The operations of the document, in its order. */
export const operations: Described[] = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
  Object.entries(methods as Record<string, OperationObject>).map(
    ([method, { operationId, parameters, requestBody, security = [] }]) => ({
      id: operationId,
      method: method.toUpperCase(),
      path,
      parameters: parameters ?? [],
      body: requestBody?.content['application/json'],
      takesToken: security.some((schemes) => 'operator' in schemes || 'key' in schemes),
    }),
  ),
);

/** The address, the headers and the body that `/docs` sends for an example; `id` takes the place of the sample. */
export function requestOf({ path, parameters, body }: Described, id: string | undefined) {
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  let address = path;
  for (const { name, in: place, example } of parameters) {
    if (example === undefined) continue;
    const value = String(place === 'path' && name === 'id' ? (id ?? example) : example);
    if (place === 'path') address = address.replace(`{${name}}`, encodeURIComponent(value));
    else if (place === 'header') headers[name] = value;
    else query.set(name, value);
  }
  const text = body?.example === undefined ? undefined : JSON.stringify(body.example);
  return {
    address: query.size === 0 ? address : `${address}?${query}`,
    headers,
    body: id === undefined ? text : text?.replaceAll(SAMPLE_ID, id),
  };
}
