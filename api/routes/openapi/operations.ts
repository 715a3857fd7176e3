import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import { conflict, problem } from '../../../shared/contract/answers.ts';
import { type ErrorCode, statusOf, titleOf } from '../../../shared/contract/codes.ts';
import { groupBy } from '../../../shared/domain/group-by.ts';

/** An operation that clients name by its id: camelCase, a verb and a noun, unique, the same for ever. */
type Operation = ZodOpenApiOperationObject & { operationId: string };
export type OperationPaths = Record<string, { [method in 'get' | 'post' | 'put' | 'patch' | 'delete']?: Operation }>;

const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });
export const answer = (description: string, schema: z.ZodType) => ({ description, ...json(schema) });
export const ok = (description: string, schema: z.ZodType) => ({ '200': answer(description, schema) });

/** Codes whose answers have `Retry-After`. Where limits are on, every answer has `RateLimit` too. */
const RETRY_AFTER_CODES = new Set<ErrorCode>([
  'RATE_LIMITED',
  'OVERLOADED',
  'UNAVAILABLE',
  'NOT_REPLICATED',
  'ORDER_UNDECIDED',
  'HOLD_COOLDOWN',
]);

/** `Retry-After` is optional where only some codes of a status have it. */
const retryAfterOf = (codes: readonly ErrorCode[]) =>
  codes.every((code) => RETRY_AFTER_CODES.has(code)) ? z.string() : z.string().optional();

/** A problem (RFC 9457) with one of some codes. The other fields are described once for all answers. */
export const problemWith = (codes: readonly ErrorCode[]) =>
  z.intersection(problem, z.looseObject({ code: z.enum(codes) }));

/** The problem that one status answers with, for all codes of that status. */
function problemOf(codes: readonly ErrorCode[]) {
  const described = {
    description: codes.map((code) => `${code}: ${titleOf(code)}`).join(' '),
    content: { 'application/problem+json': { schema: problemWith(codes) } },
  };
  if (!codes.some((code) => RETRY_AFTER_CODES.has(code))) return described;
  return { ...described, headers: z.object({ 'Retry-After': retryAfterOf(codes) }) };
}

/** The problems of an operation, by the status of their codes. */
function problemsOf(codes: readonly ErrorCode[]): ZodOpenApiResponsesObject {
  const byStatus = groupBy(codes, (code) => String(statusOf(code)));
  return Object.fromEntries([...byStatus].map(([status, ofStatus]) => [status, problemOf(ofStatus)]));
}

/** The parameters and the body of an operation's request. */
type RequestParts = {
  path?: z.ZodObject;
  query?: z.ZodObject;
  header?: z.ZodObject;
  body?: z.ZodType;
  /** Whether the body may be left out. */
  bodyOptional?: boolean;
};

const requestOf = ({ body, bodyOptional, ...requestParams }: RequestParts): Partial<ZodOpenApiOperationObject> => ({
  ...(Object.keys(requestParams).length > 0 && { requestParams }),
  ...(body !== undefined && { requestBody: { ...(!bodyOptional && { required: true }), ...json(body) } }),
});

/** The access that an operation requires. A token is optional where AUTH=off, and on embedded servers. */
type Access = 'public' | 'user' | 'operator' | 'admin';

/** Codes of a request without a valid token, without permission, and after too many invalid keys. */
const TOKEN_CODES: ErrorCode[] = ['UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED'];

/** The security of an operation, and the codes that refuse a request without a valid token. */
const ACCESS: Record<Access, { security?: Record<string, string[]>[]; codes: ErrorCode[] }> = {
  public: { codes: [] },
  user: { security: [{}, { user: [] }, { key: [] }], codes: TOKEN_CODES },
  operator: { security: [{}, { operator: [] }, { key: [] }], codes: TOKEN_CODES },
  admin: { security: [{}, { operator: [] }], codes: TOKEN_CODES },
};

/** Codes that any operation below `/api` may answer with. */
const COMMON_CODES: ErrorCode[] = ['INVALID_REQUEST', 'UNAVAILABLE', 'INTERNAL'];

/** The codes that follow from the header and the body of a request. */
function codesOfRequest({ header, body }: RequestParts): ErrorCode[] {
  const codes: ErrorCode[] = [];
  if (header !== undefined && 'Idempotency-Key' in header.shape) codes.push('IDEMPOTENCY_MISMATCH');
  if (body !== undefined) codes.push('BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE');
  return codes;
}

/**
 * Describes operations below `/api` and `/admin` under one heading.
 *
 * @returns a function of one operation: `codes` are its own, beside those that follow from its request and access; a
 * status among its answers replaces theirs
 */
export const operations =
  (tag: string, access: Access) =>
  (
    operationId: string,
    summary: string,
    request: RequestParts,
    answers: ZodOpenApiResponsesObject,
    codes: readonly ErrorCode[] = [],
  ): Operation => {
    const { security, codes: ofAccess } = ACCESS[access];
    const problems = problemsOf([...new Set([...codes, ...ofAccess, ...codesOfRequest(request), ...COMMON_CODES])]);
    return {
      operationId,
      summary,
      tags: [tag],
      ...(security && { security }),
      ...requestOf(request),
      responses: { ...problems, ...answers },
    };
  };

/** Describes a compat route: one status for every error. */
export function compatOperation(
  operationId: string,
  summary: string,
  request: RequestParts,
  answers: ZodOpenApiResponsesObject,
  access: Access = 'public',
): Operation {
  const { security } = ACCESS[access];
  return {
    operationId,
    summary,
    tags: ['Compat'],
    ...(security && { security }),
    ...requestOf(request),
    responses: { ...answers, '409': answer('Every error, with its code.', conflict) },
  };
}

export const healthOperation = (
  operationId: string,
  summary: string,
  responses: ZodOpenApiResponsesObject,
): Operation => ({
  operationId,
  summary,
  tags: ['Health'],
  responses: { ...responses, ...problemsOf(['INVALID_REQUEST']) },
});
