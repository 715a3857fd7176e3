import { MAX_ADDRESS_LENGTH, MAX_REQUESTED_LENGTH } from '../../shared/contract/limits.ts';
import { entryParameter } from '../../shared/domain/site-entry.ts';
import { ApiError } from '../http/errors.ts';

type Headers = NodeJS.Dict<string | string[]>;

/** The proxies that ask the gate. nginx makes no redirect of an answer with the status 302. */
export type ProxyKind = 'nginx' | 'forward-auth';

const one = (headers: Headers, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/**
 * The address that a visitor requested from a site, as its proxy sends it: `X-Original-URL` by nginx,
 * `X-Forwarded-Proto`, `X-Forwarded-Host` and `X-Forwarded-Uri` by Traefik and Caddy. Each proxy sets its own headers
 * and may pass on the others as the visitor sent them, so both together are refused.
 *
 * @throws ApiError INVALID_REQUEST that names the headers
 */
export function requestedAddress(headers: Headers): { url: URL; proxy: ProxyKind } {
  const original = one(headers, 'x-original-url');
  const path = one(headers, 'x-forwarded-uri');
  if ((original === undefined) === (path === undefined))
    throw invalid('X-Original-URL, or X-Forwarded-Uri with -Proto and -Host: one of them has the requested address');
  const url = parsed(original ?? forwardedAddress(headers, path));
  if (url === undefined) {
    const names = original === undefined ? 'X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Uri' : 'X-Original-URL';
    throw invalid(
      `${names}: no address such as https://shop.example/sale, of at most ${MAX_REQUESTED_LENGTH} characters`,
    );
  }
  return { url, proxy: original === undefined ? 'forward-auth' : 'nginx' };
}

/** The address in the headers of Traefik and Caddy; empty where one is missing. */
function forwardedAddress(headers: Headers, path = ''): string {
  const scheme = one(headers, 'x-forwarded-proto');
  const host = one(headers, 'x-forwarded-host');
  return scheme === undefined || host === undefined || !path.startsWith('/') ? '' : `${scheme}://${host}${path}`;
}

const invalid = (message: string) => new ApiError('INVALID_REQUEST', message);

function parsed(text: string): URL | undefined {
  if (text.length > MAX_REQUESTED_LENGTH || !/^https?:\/\//.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.username === '' && url.password === '' ? url : undefined;
}

/** An address without its entry, and the entry. The rest stays as it was written. */
export function withoutEntry(eventId: number, url: URL): { address: string; entry: string | undefined } {
  const name = entryParameter(eventId);
  const entry = url.searchParams.get(name) ?? undefined;
  if (entry === undefined) return { address: url.href, entry };
  const rest = new URL(url);
  const parts = url.search.slice(1).split('&');
  rest.search = parts.filter((part) => !new URLSearchParams(part).has(name)).join('&');
  return { address: rest.href, entry };
}

/** An address with an entry. */
export function withEntry(eventId: number, address: string, entry: string): string {
  const url = new URL(address);
  url.search = [url.search.slice(1), `${entryParameter(eventId)}=${entry}`].filter((part) => part !== '').join('&');
  return url.href;
}

/** Whether a redirect may lead to an address: proxies bound the headers of an answer. */
export const isShort = (address: string): boolean => encodeURIComponent(address).length <= MAX_ADDRESS_LENGTH;

/** Where a visitor returns to from the waiting page: the site itself where the requested address is too long. */
export const returnAddress = (address: string): string => (isShort(address) ? address : `${new URL(address).origin}/`);
