import type { House } from '../../shared/domain/house.ts';
import type { Language } from './build.ts';
import { placeText, priceRangeOf, pricesText } from './event-text.ts';
import type { Documents } from './html.ts';
import { bestLanguage } from './languages.ts';
import type { PageLook } from './room-looks.ts';
import { plainShell, siteShell } from './shells.ts';

/** Title, path, and a description such as `Friday 1 January 2027 at 20:00 CET · €45–€90`. */
export function described(house: House, { shell }: Language) {
  const { eventId, settings } = house;
  const prices = house.totalSeats === 0 ? '' : pricesText(priceRangeOf(house), shell);
  const facts = [placeText(settings, shell), prices];
  return {
    title: settings.name,
    about: facts.filter((fact) => fact !== '').join(' · '),
    path: `/events/${eventId}`,
  };
}

/** The page of an event whose waiting room is on: it reads nothing, and stays the same until the event changes. */
export const crowdPage = (documents: Documents, house: House, language: Language): string =>
  documents.page(language, { ...described(house, language), app: plainShell(language) });

/** The languages of a visitor, the preferred one first, and the one of the pages that suits best. */
export type Visitor = { accepted: readonly string[]; language: Language };

/** A waiting page as one visitor reads it. `textTag`: the language of the site's own text, where it has one. */
type Read = { language: Language; textTag: string | undefined };

/** The language of a page, which its site may have limited, and that of the site's own text. */
export function readBy(
  { accepted, language }: Visitor,
  pageLook: PageLook | undefined,
  all: readonly Language[],
): Read {
  const { languages, text = {} } = pageLook?.look ?? {};
  const named = languages && (bestLanguage(accepted, languages) ?? languages[0]);
  const shown = all.find(({ name }) => name === named) ?? language;
  const tags = Object.keys(text);
  const wished = [...accepted, shown.name, ...(languages ?? [])];
  return { language: shown, textTag: bestLanguage(wished, tags) ?? tags[0] };
}

/**
 * The waiting page of an event, in the look of its site. It names the event and the sites, so that its script need not
 * ask for them.
 */
export function waitPage(documents: Documents, house: House, { language, textTag }: Read, pageLook?: PageLook): string {
  const { name, startsAt, venue, timeZone } = house.settings;
  const { look: { title, logo, text, colors } = {}, sites = [], style } = pageLook ?? {};
  const ownText = textTag === undefined ? undefined : { lang: textTag, text: text?.[textTag] };
  const site = { title, logo, ownText, ...(sites.length > 0 && { sites }) };
  const event = { name, startsAt, venue, timeZone, ...(house.totalSeats === 0 && { hasSeats: false }) };
  return documents.page(language, {
    ...described(house, language),
    ...(title !== undefined && { site: title }),
    ...(style !== undefined && { style, themeColor: colors?.background }),
    app: title === undefined ? plainShell(language) : siteShell(language, { title, logo }),
    opening: JSON.stringify({ ...event, ...site }),
  });
}
