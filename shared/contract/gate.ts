import { z } from 'zod';
import { MAX_ADDRESS_LENGTH, MAX_SITES } from './limits.ts';

/** Whether a host is this machine. Browsers keep `Secure` cookies of it without TLS, and of no other host. */
const isThisMachine = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(host);

/** Whether a text is an origin as browsers write it, with TLS or of this machine. */
function isSite(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { origin, protocol, hostname } = new URL(text);
  return origin === text && (protocol === 'https:' || (protocol === 'http:' && isThisMachine(hostname)));
}

/** A site, by its origin. */
const site = z
  .string()
  .max(MAX_ADDRESS_LENGTH)
  .refine(isSite, 'an origin such as https://shop.example, in lower case and without a path; http: on localhost only');

/** The sites of a room: the first is where visitors go who came from none. */
export const sites = z
  .array(site)
  .max(MAX_SITES)
  .refine((all) => new Set(all).size === all.length, 'each site once');
