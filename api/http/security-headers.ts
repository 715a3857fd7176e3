import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request } from 'express';
import helmet from 'helmet';
import type { Config } from '../../shared/config.ts';

/** Answers other than pages are no documents. The pages of this API set a policy of their own. */
const POLICY = { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } };

/** Headers that are left out: they matter to outdated browsers and plug-ins, or to pages only. */
const LEFT_OUT = {
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
} as const;

/** One year. Other hosts of the domain may not use TLS, so they are not included. */
const TLS_ONLY = { maxAge: 31_536_000, includeSubDomains: false };

/** Bookings, tickets and tokens are personal, so caches must not store them. Maps, pages and assets override this. */
const NOT_STORED = { 'cache-control': 'no-store' };

/**
 * The headers of every answer. Pages, scripts and all other answers get helmet's. JSON gets only those that have a
 * meaning there (docs/decisions/2026-11-28-headers-of-json.md): the others were half of the bytes before a receipt.
 * Behind a trusted proxy that uses TLS, both also require browsers to use TLS. All are computed once.
 *
 * @returns a function of a request, and whether its answer is JSON, which returns the answer's headers
 */
export function securityHeaders({ TRUST_PROXY }: Pick<Config, 'TRUST_PROXY'>) {
  const ofHelmet = headersOf(helmet({ ...LEFT_OUT, contentSecurityPolicy: POLICY, strictTransportSecurity: false }));
  const plain = { json: { ...headersOf(helmet.noSniff()), ...NOT_STORED }, other: { ...ofHelmet, ...NOT_STORED } };
  const tlsOnly = headersOf(helmet.strictTransportSecurity(TLS_ONLY));
  const overTls = { json: { ...plain.json, ...tlsOnly }, other: { ...plain.other, ...tlsOnly } };
  return (req: Request, isJson: boolean) => {
    const { json, other } = TRUST_PROXY !== undefined && req.secure ? overTls : plain;
    return isJson ? json : other;
  };
}

type Middleware = (req: IncomingMessage, res: ServerResponse, next: (fault?: unknown) => void) => void;

/** The headers that a middleware sets on every answer. */
function headersOf(middleware: Middleware): Record<string, string> {
  const headers: Record<string, string> = {};
  const setHeader = (name: string, value: string) => {
    headers[name.toLowerCase()] = value;
  };
  const res = { setHeader, removeHeader: () => undefined } as unknown as ServerResponse;
  middleware({} as IncomingMessage, res, (fault) => {
    if (fault !== undefined) throw fault;
  });
  return headers;
}
