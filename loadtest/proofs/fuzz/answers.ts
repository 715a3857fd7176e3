import { COMPAT_PATHS } from '../../../api/http/compat-paths.ts';
import { serverMessage } from '../../../shared/contract/messages.ts';
import { errorCode } from '../../../shared/contract/tickets.ts';
import { parsedJson } from '../../kit/hammer.ts';
import type { WireAnswer } from '../../kit/wire-format.ts';
import type { Expected } from './category.ts';

/** Internals that no answer may reveal: places in our code, files, statements, libraries. */
const INTERNALS = /\bat .{0,200}:\d+:\d+|node_modules|\.[jt]s:\d|\bSELECT |\bINSERT |prisma|ioredis|bullmq|ECONN/i;

/** Statuses with which Node itself refuses bytes that are no HTTP: without a body. */
const NODE_STATUSES = [400, 408, 413, 431];

const COMPAT_STATUSES = [200, 201, 409];

const codeIn = (body: string): unknown => (parsedJson(body) as { code?: unknown } | undefined)?.code;

const isFromNode = ({ status, body }: WireAnswer) => NODE_STATUSES.includes(status) && body === '';

/** The name of an answer in counts. */
export function nameOf(answer: WireAnswer): string {
  const { status, body } = answer;
  if (isFromNode(answer)) return `${status} of Node's own`;
  const code = status < 400 ? undefined : codeIn(body);
  return code === undefined ? String(status) : `${status} ${code}`;
}

/** Defects of the body of an answer. */
function bodyDefects({ status, headers, body }: WireAnswer, path: string | undefined): string[] {
  const type = headers.get('content-type') ?? '';
  const hasNoBody = status === 101 || status === 304 || (body === '' && headers.get('content-length') !== '0');
  if (hasNoBody) return [];
  if (status < 400)
    return type.startsWith('application/json') && parsedJson(body) === undefined ? ['invalid JSON'] : [];
  const defects: string[] = [];
  const code = codeIn(body);
  const isNotReady = (path === '/readyz' || path === '/healthz/pipeline') && status === 503;
  if (!errorCode.safeParse(code).success && !isNotReady) defects.push('no code of the catalogue');
  if (!/^application\/(problem\+)?json/.test(type)) defects.push(`an error as ${type}`);
  if (code === 'INTERNAL') defects.push('INTERNAL');
  if (INTERNALS.test(body)) defects.push('reveals internals');
  return defects;
}

/**
 * Defects of an answer.
 *
 * @param expected the request that it is known to answer
 */
export function answerDefects(answer: WireAnswer, expected: Expected | undefined): string[] {
  const { status, headers, body } = answer;
  const path = expected?.path;
  const defects: string[] = [];
  if (isFromNode(answer) && path === undefined) {
    if (headers.get('connection') !== 'close') defects.push('it does not state that the connection ends');
  } else {
    if (status === 500) defects.push('500');
    if (expected?.isRefused && status < 400) defects.push('accepted despite its mistake');
    if (expected?.isDecided && codeIn(body) === 'UNAVAILABLE')
      defects.push('refused for now, although it is always wrong');
    if (path !== undefined && COMPAT_PATHS.test(path) && !COMPAT_STATUSES.includes(status)) defects.push(`at ${path}`);
    defects.push(...bodyDefects(answer, path));
  }
  return defects.map((defect) => `${defect}: ${status} ${body.slice(0, 500)}`);
}

/** Defects of a message over WebSocket. */
export function messageDefects(text: string): string[] {
  const message = serverMessage.safeParse(parsedJson(text)).data;
  const defects = INTERNALS.test(text) ? [`reveals internals: ${text}`] : [];
  if (message === undefined) defects.push(`a message that is not in the contract: ${text}`);
  else if (message.type === 'error' && message.code === 'INTERNAL') defects.push(`INTERNAL: ${text}`);
  return defects;
}
