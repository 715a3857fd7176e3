/** The bounds that are part of the contract: a client may rely on them, a test holds them. */

/** Seats in one request. */
export const MAX_SEATS_PER_REQUEST = 5;

/** Bytes of an HTTP request body. */
export const MAX_BODY_BYTES = 16 * 1024;

/** Bytes of a WebSocket message that a client sends. */
export const MAX_MESSAGE_BYTES = 1024;

/** Seconds that a request may wait for an outcome (`Prefer: wait=N`). */
export const MAX_WAIT_SECONDS = 60;

/** Requests in one job. */
export const MAX_BATCH_REQUESTS = 500;

/** Bytes of one job's requests as JSON. */
export const MAX_BATCH_BYTES = 256 * 1024;

/** Tickets that one socket may follow at once. */
export const MAX_SUBSCRIPTIONS_PER_SOCKET = 2_000;

/** Shards that a ticket id has room for: three hexadecimal digits. */
export const MAX_SHARDS = 4096;
