import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { statusOf } from '../../shared/contract/codes.ts';
import { COMPAT_PATHS } from '../http/compat-paths.ts';
import { ApiError, asApiError } from '../http/errors.ts';
import { refuseQuery } from '../http/query.ts';

/** The only path that is upgraded to a WebSocket. */
const PATH = '/ws';

/** Compat routes answer 409 to each refusal. */
const COMPAT_STATUS = 409;

export type UpgradeRefusal = { status: number; error: ApiError };

/** Why the upgrade of a request to a WebSocket is refused; undefined where it is accepted. */
export function upgradeRefusalOf(
  req: IncomingMessage,
  checks: {
    /** Refuses by the connection's share and by the request's origin. */
    refusalOf: (req: IncomingMessage) => ApiError | undefined;
    /** Whether this process, and the client's share, have room for one more socket. */
    hasRoom: () => boolean;
  },
): UpgradeRefusal | undefined {
  const path = (req.url ?? '').split('?', 1)[0] ?? '';
  if (COMPAT_PATHS.test(path)) return { status: COMPAT_STATUS, error: new ApiError('INVALID_REQUEST') };
  if (path !== PATH) return refusal(new ApiError('ROUTE_UNKNOWN'));
  const error = checks.refusalOf(req);
  if (error !== undefined) return refusal(error);
  if (!checks.hasRoom()) return refusal(new ApiError('OVERLOADED'));
  try {
    refuseQuery(req); // a token belongs in a message: addresses are logged
  } catch (fault) {
    return refusal(asApiError(fault));
  }
  return undefined;
}

export const refusal = (error: ApiError): UpgradeRefusal => ({ status: statusOf(error.code), error });

/** Answers a refused upgrade. The version header names the one that we support (RFC 6455, section 4.2.2). */
export function refuseUpgrade(connection: Duplex, { status, error }: UpgradeRefusal): void {
  const body = JSON.stringify({ error: error.message, code: error.code });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json',
    'sec-websocket-version: 13',
    'connection: close',
    `content-length: ${Buffer.byteLength(body)}`,
  ].join('\r\n');
  connection.end(`${head}\r\n\r\n${body}`, () => connection.destroy());
}
