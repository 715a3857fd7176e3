import { isIP } from 'node:net';
import type { Request } from 'express';
import { ipKeyGenerator } from 'express-rate-limit';

/** Bits of an IPv6 address that identify a client: providers assign a /56 or a /64 to a household or a server. */
const IPV6_CLIENT_BITS = 56;

/** An address as some proxies forward it, with a port: `192.0.2.1:5123`, `[2001:db8::1]:5123`, `[2001:db8::1]`. */
const WITH_PORT = /^(?:(\d+(?:\.\d+){3}):\d+|\[([^\]]+)\](?::\d+)?)$/;

/**
 * The client that an address counts as: an IPv4 address, whether or not it is mapped into IPv6, or the /56 of an IPv6
 * address.
 *
 * @returns undefined where the text is no IP address
 */
export function clientOfAddress(text: string): string | undefined {
  const [, ipv4, ipv6] = WITH_PORT.exec(text) ?? [];
  const address = (ipv4 ?? ipv6 ?? text).replace(/%.*$/, '');
  return isIP(address) === 0 ? undefined : ipKeyGenerator(address, IPV6_CLIENT_BITS);
}

/**
 * The client that a request counts as. A proxy that forwards something other than an IP address (`unknown`, a name)
 * counts as the client itself: an invented text must not be a new client each time.
 */
export const clientOf = ({ ip = '', socket }: Request): string =>
  clientOfAddress(ip) ?? clientOfAddress(socket.remoteAddress ?? '') ?? '';
