import type { Site } from './site.tsx';

/** Where a visitor came from: an address, none, or a text that is no address. It is only ever sent to the API. */
export type ReturnAddress = URL | 'none' | 'invalid';

/** The address in `?return=` of the page's query. */
export function returnAddressOf(query: string): ReturnAddress {
  const text = new URLSearchParams(query).get('return');
  if (text === null) return 'none';
  if (!URL.canParse(text)) return 'invalid';
  const address = new URL(text);
  return address.protocol === 'https:' || address.protocol === 'http:' ? address : 'invalid';
}

/**
 * The name of the site that a visitor goes on to: its title, or the host of one of the room's sites. Undefined where
 * nobody has said that the address is one of them: its host could pretend to be anything.
 */
export function siteNameOf({ title, sites = [] }: Site, address: ReturnAddress): string | undefined {
  if (title !== undefined) return title;
  if (!(address instanceof URL)) return sites[0] === undefined ? undefined : new URL(sites[0]).host;
  return sites.includes(address.origin) ? address.host : undefined;
}
