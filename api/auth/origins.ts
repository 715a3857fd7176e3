import type { IncomingMessage } from 'node:http';
import { type Config, otherSitesOf } from '../../shared/config.ts';
import { isLoopbackName } from '../../shared/platform/loopback.ts';
import { ApiError } from '../http/errors.ts';

/** Whether a browser's `Origin` is the host of its request. TLS may end at a proxy, so the scheme is not compared. */
export const isOwnOrigin = (origin: string, host: string | undefined): boolean =>
  host !== undefined && /^https?:\/\/(.+)$/.exec(origin)?.[1] === host;

/** Methods that change nothing. Pages of other sites may send them, but read the answer only where CORS allows it. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Counts the `Host` headers of a request. Node keeps only the first, and a proxy may have used another. */
function countHosts({ rawHeaders }: IncomingMessage): number {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts;
}

/**
 * Refuses, before any route and any limit, requests that a browser sends for a page of another site: those that change
 * something and WebSockets. Where the server listens on loopback only, it also refuses every request for a host name
 * that is not this machine's own: a page whose name resolves to 127.0.0.1 (DNS rebinding) could read everything.
 */
export function createOriginGuard(config: OriginConfig) {
  const { HOST, TRUST_PROXY } = config;
  const otherSites = new Set(otherSitesOf(config));
  const isLoopbackOnly = isLoopbackName(HOST) && TRUST_PROXY === undefined;

  /** @returns why the request is refused; undefined where it may go on */
  return function refusalOf(req: IncomingMessage): ApiError | undefined {
    const { host, origin, upgrade } = req.headers;
    if (countHosts(req) > 1) return new ApiError('INVALID_REQUEST', 'Host: more than one');
    if (isLoopbackOnly && host !== undefined && !isLoopbackName(host))
      return new ApiError('FORBIDDEN', 'Host: this server serves loopback names only, such as localhost.');
    const isWebSocket = upgrade !== undefined && /^websocket$/i.test(upgrade);
    if (SAFE_METHODS.has(req.method ?? '') && !isWebSocket) return undefined;
    const isForeign =
      origin === undefined
        ? /cross-site/i.test(String(req.headers['sec-fetch-site'])) // a repeated header is a list
        : !isOwnOrigin(origin, host) && !otherSites.has(origin);
    return isForeign
      ? new ApiError('FORBIDDEN', 'Pages of this site may not send requests here: it is not in CORS_ORIGINS.')
      : undefined;
  };
}

type OriginConfig = Pick<Config, 'HOST' | 'TRUST_PROXY' | 'CORS_ORIGINS' | 'EMBED_ORIGINS'>;
