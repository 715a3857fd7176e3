/** Milliseconds to connect to a server, for a statement of PostgreSQL, and for an answer of Redis to an API. */
export type Timeouts = { CONNECT_TIMEOUT_MS: number; DATABASE_TIMEOUT_MS: number; REDIS_TIMEOUT_MS: number };

export const DEFAULT_TIMEOUTS: Timeouts = {
  CONNECT_TIMEOUT_MS: 5_000,
  DATABASE_TIMEOUT_MS: 15_000,
  REDIS_TIMEOUT_MS: 2_000,
};
