import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request } from 'express';
import helmet from 'helmet';
import type { Config } from '../../shared/config.ts';

/** Answers are data: no page may take them for a document. A page of ours brings a policy of its own. */
const POLICY = { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } };

/** What only browsers and plug-ins of long ago, or pages, care for. */
const LEFT_OUT = {
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
} as const;

/** One year; the domain's other hosts are not ours to speak for. */
const TLS_ONLY = { maxAge: 31_536_000, includeSubDomains: false };

/**
 * helmet's headers, the same for every answer and so computed once: set one by one by helmet itself they cost 5 µs an answer,
 * merged at the end 1.5. Only a trusted proxy knows that its client came over TLS; then browsers are told to stay with it.
 */
export function securityHeaders({ TRUST_PROXY }: Pick<Config, 'TRUST_PROXY'>) {
  const ofHelmet = headersOf(helmet({ ...LEFT_OUT, contentSecurityPolicy: POLICY, strictTransportSecurity: false }));
  // Bookings, tickets and tokens are one person's: no cache keeps them. The map, pages and their files say how long
  // they may be kept.
  const always = { ...ofHelmet, 'cache-control': 'no-store' };
  const overTls = { ...always, ...headersOf(helmet.strictTransportSecurity(TLS_ONLY)) };
  return (req: Request) => (TRUST_PROXY !== undefined && req.secure ? overTls : always);
}

type Middleware = (req: IncomingMessage, res: ServerResponse, next: (fault?: unknown) => void) => void;

/** What a middleware sets, whatever the request. */
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
