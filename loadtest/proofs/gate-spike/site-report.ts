/** The header that names what a request is: a visitor's, or the cheat that tries it. nginx passes it on. */
export const KIND_HEADER = 'x-kind';

/** The header in which nginx names the site. */
export const SITE_HEADER = 'x-site';

/** The page of the site. */
export const SITE_TEXT = 'the page of the site';

/** The only argument of the site's program, as JSON. `origins`: of the site, and of the other site of the room. */
export type SiteArgs = { event: number; keysUrl: string; origins: { site: string; other: string } };

/** The requests that reached the site. Times are milliseconds since 1970. */
export type SiteReport = {
  /** By kind. */
  requests: Record<string, number>;
  /** Requests without a valid admission: their kind, and what is wrong. */
  invalid: string[];
  /** The visitors of the site, by the position in their admissions. */
  visitors: { position: number; firstMs: number; requests: number }[];
  /** When the last request came with an admission of a key. */
  lastOfKey: Record<string, number>;
};
