/** Seconds for which an entry is valid: the way from the waiting page to the site. */
export const ENTRY_SECONDS = 60;

/** Milliseconds after which an admission to a site gets the next serial number, when a page is loaded. */
export const RENEW_MS = 30_000;

/** Milliseconds for which the number before is still valid: requests with it may be under way. */
export const GRACE_MS = 10_000;

/** A visitor of a line, at one site. `serial`: the number that the visitor's token has or gets. */
export type SiteVisitor = {
  eventId: number;
  generation: number;
  position: number;
  arrival: number;
  userId?: number | undefined;
  /** The site's origin. */
  site: string;
  serial: number;
  /** When the visitor's admission ends, in milliseconds since 1970. */
  untilMs: number;
};
