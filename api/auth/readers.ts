import type { IncomingMessage } from 'node:http';
import type { Identity } from './identity.ts';
import type { ScopeGuard } from './operators.ts';

/**
 * The buyer whose records a list may show: undefined with the scope `read`, which shows those of all; else the caller,
 * who is logged in, has a token of a shop or, where nobody can log in, is `named` by number.
 *
 * @throws ApiError UNAUTHENTICATED, FORBIDDEN
 */
export async function buyerReadBy(
  req: IncomingMessage,
  { identity, requireScope }: { identity: Identity; requireScope: ScopeGuard },
  named?: number,
): Promise<number | undefined> {
  const reader = identity.isOn ? await identity.readerOf(req) : undefined;
  if (reader?.scope === 'all') return undefined;
  const own = reader === undefined ? (identity.guestOf(req) ?? named) : reader.userId;
  if (own === undefined) requireScope(req, 'read');
  return own;
}
