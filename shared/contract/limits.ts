/** Bounds that are part of the contract: clients may rely on them, and a test checks them. */

/** Seats in one request: the most that an event may allow, and what it allows unless it says otherwise. */
export const MAX_SEATS_PER_REQUEST = 20;
export const DEFAULT_MAX_SEATS = 5;

/** Wishes of one request. */
export const MAX_RANKED_WISHES = 5;

/** Bytes of the wishes, or of the ticket types, of one request as JSON: five wishes of twenty seats by their labels. */
export const MAX_WISH_BYTES = 3 * 1024;

/** Bytes of an HTTP request body. */
export const MAX_BODY_BYTES = 16 * 1024;

/** Nesting levels of arrays and objects in a request body. No request needs more than three. */
export const MAX_BODY_LEVELS = 20;

/** Bytes of the body of an operator's request, such as a house of many zones or a list of seats. */
export const MAX_OPERATOR_BODY_BYTES = 128 * 1024;

/** Bytes of the body that describes a house. One of 65,000 seats with labels and coordinates has some two million. */
export const MAX_HOUSE_BYTES = 8 * 1024 * 1024;

/** Bytes of a job with such a body, which spells some numbers longer: 1e6 as 1000000. */
export const MAX_HOUSE_JOB_BYTES = 3 * MAX_HOUSE_BYTES;

/** Bytes of a WebSocket message that a client sends: room for a token of an outside identity provider. */
export const MAX_MESSAGE_BYTES = 8 * 1024;

/** Seconds that a request may wait for an outcome (`Prefer: wait=N`). */
export const MAX_WAIT_SECONDS = 60;

/** Requests in one job. */
export const MAX_BATCH_REQUESTS = 500;

/** Bytes of one job's requests as JSON: as many as a batch has, each with the longest wishes and metadata. */
export const MAX_BATCH_BYTES = 3 * 1024 * 1024;

/** Tickets that one socket may subscribe to at once. */
export const MAX_SUBSCRIPTIONS_PER_SOCKET = 2_000;

/** Worker processes that one supervisor runs. */
export const MAX_WORKERS = 64;

/** Shards that fit into a ticket id: three hexadecimal digits. */
export const MAX_SHARDS = 4096;

/** Events that one socket may watch at once. */
export const MAX_WATCHES_PER_SOCKET = 10;

/** Zones, rows and seats of one event's house. */
export const MAX_ZONES = 2_000;
export const MAX_ROWS_IN_ZONE = 10_000;
export const MAX_SEATS_IN_ROW = 1_000;
export const MAX_ROWS_IN_HOUSE = 200_000;
export const MAX_SEATS_IN_HOUSE = 10_000_000;

/** Categories of one event, with the other prices that its zones have, and ticket types of a category. */
export const MAX_CATEGORIES = 64;
export const MAX_TICKET_TYPES = 20;

/** Characters of the name of a category or a zone, and of the label of a row, a seat or a ticket type. */
export const MAX_NAME_LENGTH = 100;
export const MAX_LABEL_LENGTH = 40;

/** Seats that one entry of a house names, and such entries: more than fit into its body. */
export const MAX_SEATS_NAMED_AT_ONCE = 1_000_000;

/** Seats that a refusal of a change of a house lists. */
export const MAX_SEATS_REFUSED = 100;

/** Seats that an operator blocks or unblocks in one request. */
export const MAX_BLOCKED_AT_ONCE = 1_000;

/** Bookings on one page. */
export const MAX_BOOKINGS_ON_PAGE = 100;

/** Holds that one order pays for. */
export const MAX_BOOKINGS_IN_ORDER = 20;

/** Orders on one page. */
export const MAX_ORDERS_ON_PAGE = 100;

/** Seats on one page, events on one page, and seats that `?include=seats` returns in one response. */
export const MAX_SEATS_ON_PAGE = 1_000;
export const MAX_EVENTS_ON_PAGE = 100;
export const MAX_SEATS_INCLUDED = 100_000;

/** Events that one audit or rebuild processes, and differences of one event that the result of an audit lists. */
export const MAX_EVENTS_OF_MAINTENANCE = 1_000;
export const MAX_DIFFERENCES_LISTED = 100;

/** Entries on one page of the audit trail. */
export const MAX_ENTRIES_ON_PAGE = 100;

/** Keys of trusted servers. Each API process has all of them in memory. */
export const MAX_KEYS = 1_000;

/** Changes on one page of the feed. */
export const MAX_CHANGES_READ = 1_000;

/** Endpoints of webhooks. */
export const MAX_WEBHOOKS = 100;

/** Events that one webhook names. */
export const MAX_EVENTS_OF_WEBHOOK = 1_000;

/** Changes in one message of a webhook, and bytes of its body. A change that alone has more is a message of its own. */
export const MAX_CHANGES_IN_MESSAGE = 100;
export const MAX_BYTES_OF_MESSAGE = 256 * 1024;

/** Changes on one page of a booking's history. */
export const MAX_CHANGES_ON_PAGE = 100;

/** Waiting rooms of all events whose mode is not `off`. */
export const MAX_ROOMS = 1_000;

/** Bookings that one admission may allow: four bits count them. */
export const MAX_ADMISSION_USES = 15;

/**
 * Bits of work that a join challenge may require, and characters of the challenge, its solution and an outside check's
 * token.
 */
export const MIN_CHALLENGE_BITS = 8;
export const MAX_CHALLENGE_BITS = 24;
export const MAX_CHALLENGE_LENGTH = 160;
export const MAX_SOLUTION_LENGTH = 32;
export const MAX_PROOF_LENGTH = 4_096;

/** Sites that a waiting room may stand in front of, and characters of an address on one. */
export const MAX_SITES = 20;
export const MAX_ADDRESS_LENGTH = 2_000;

/** Characters of an address that a visitor requests from a site: as many as the API's headers may have. */
export const MAX_REQUESTED_LENGTH = 16_000;

/** Characters of a site's origin: its host has at most 253. And of a visitor's token for it. */
export const MAX_SITE_LENGTH = 270;
export const MAX_SITE_TOKEN_LENGTH = 1_024;
/** Visitors whom one report of a site counts as done. */
export const MAX_DONE_AT_ONCE = 100_000;

/** Characters of a site's name on the waiting page and of its own text there, and languages of that text. */
export const MAX_LOOK_TITLE = 80;
export const MAX_LOOK_TEXT = 2_000;
export const MAX_LOOK_TEXTS = 10;

/** Seconds that a turn may last, and that an admission may last after it. */
export const MAX_TURN_SECONDS = 600;
export const MAX_ADMISSION_SECONDS = 3_600;

/** Seconds between two recorded points of the load, minutes for which they are kept, and how many these are. */
export const LOAD_POINT_SECONDS = 10;
export const MAX_HISTORY_MINUTES = 360;
export const MAX_LOAD_POINTS = (MAX_HISTORY_MINUTES * 60) / LOAD_POINT_SECONDS;
