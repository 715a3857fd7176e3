import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import type { Scope } from '../../shared/contract/keys.ts';
import { clientOf } from './client-address.ts';

/** A trusted server's key, as this process knows it. */
export type Key = { id: number; name: string; scopes: ReadonlySet<Scope>; expiresAtMs: number };

/** A request with the key that it was authenticated with. */
type Keyed = IncomingMessage & { key?: Key };

/** The valid key of a request; undefined without one. */
export const keyOf = (req: IncomingMessage): Key | undefined => (req as Keyed).key;

export function noteKey(req: IncomingMessage, key: Key): void {
  (req as Keyed).key = key;
}

/** The bearer token of a request. */
export const bearerOf = ({ headers }: IncomingMessage): string | undefined =>
  headers.authorization === undefined ? undefined : /^Bearer +(.+)$/i.exec(headers.authorization)?.[1];

/** The client that a request counts as at the limits: a server with a key speaks for thousands of addresses. */
export function limitedAs(req: Request): string {
  const key = keyOf(req);
  return key === undefined ? clientOf(req) : `key ${key.id}`;
}
