import { storedAdminToken } from './stored-values.ts';

/**
 * Stores the token of the address, if there is one, and removes it from the address, where it could be seen and copied.
 * It comes in the fragment (`#token=...`), which a browser sends to no server.
 */
export function takeTokenFromAddress(): boolean {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!token) return false;
  storedAdminToken().write(token);
  history.replaceState(history.state, '', location.pathname + location.search);
  return true;
}
