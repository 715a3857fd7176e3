/** The parameter of an address that has a visitor's entry to a site. A site may stand behind several events. */
export const entryParameter = (id: number): string => `frontrow_${id}`;

/**
 * The cookie of a site that has a visitor's admission to it. Cookies know no ports, so the name has that of the site.
 * No other host of the domain can set a cookie with the prefix.
 */
export function siteCookie(id: number, site: string): string {
  const { protocol, port } = new URL(site);
  return `${protocol === 'https:' ? '__Host-' : ''}frontrow_${id}${port === '' ? '' : `_${port}`}`;
}

/** Seconds for which an entry is valid: the way from the waiting page to the site. */
export const ENTRY_SECONDS = 60;

/** Milliseconds after which an admission to a site gets the next serial number. */
export const RENEW_MS = 30_000;

/** Milliseconds for which lower numbers are valid once a number was shown: requests with them may be under way. */
export const GRACE_MS = 10_000;

/** Numbers that may be issued while none of them is shown: browsers that store no new cookie are out after these. */
export const MAX_UNSHOWN = 4;

/**
 * A visitor of a line, at one site. `serial`: the number of the visitor's admission to it; of an entry, how often the
 * visitor had entered when it was made.
 */
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
