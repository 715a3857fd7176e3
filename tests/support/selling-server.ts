/** The admin token of a system with `SERVER_SELLS`, and the header with it. */
const TOKEN = 'an-admin-token-of-at-least-32-characters';
export const bearer = (token: unknown) => ({ authorization: `Bearer ${token}` });
export const asOperator = bearer(TOKEN);

/** As in production: buyers log in, and only the shop's server sells. */
export const SERVER_SELLS = {
  SELL_BY: 'server',
  ADMIN_TOKEN: TOKEN,
  AUTH: 'on',
  AUTH_SECRET: 'a secret of at least thirty-two bytes',
} as const;
