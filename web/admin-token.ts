const TOKEN_KEY = 'frontrow:admin-token';

/** The value that the page remembers where the browser stores nothing for us. */
let memory = '';

/** The admin token, for this tab as long as it is open. */
export const adminToken = {
  read(): string | undefined {
    try {
      memory = window.sessionStorage.getItem(TOKEN_KEY) ?? memory;
    } catch {
      // a browser that is set to store nothing throws
    }
    return memory === '' ? undefined : memory;
  },
  write(token: string): void {
    memory = token;
    try {
      if (token === '') window.sessionStorage.removeItem(TOKEN_KEY);
      else window.sessionStorage.setItem(TOKEN_KEY, token);
    } catch {
      // as above
    }
  },
};

/**
 * Keeps the token that the address brings, if any, and removes it from the address, where it could be seen and copied.
 * It comes in the fragment (`#token=...`), which a browser sends to no server.
 */
export function takeTokenFromAddress(): boolean {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!token) return false;
  adminToken.write(token);
  history.replaceState(history.state, '', location.pathname + location.search);
  return true;
}
