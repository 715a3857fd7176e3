import { site as de } from './de/site.ts';
import { site as en } from './en/site.ts';

export type SiteTexts = typeof en;

const BY_LANGUAGE: Record<string, SiteTexts> = { en, de };

/** The texts of the way to a site, in the page's language. They are apart: few pages lead to one. */
export const siteTexts = (): SiteTexts => BY_LANGUAGE[document.documentElement.lang] ?? en;
