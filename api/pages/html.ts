import type { Build, Language } from './build.ts';

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for HTML, also within the quotes of an attribute. */
export const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '');

/** JSON within a script element, which nothing in it can end. */
const jsonInScript = (text: string): string => text.replaceAll('<', '\\u003c');

/** The parts of a page that are its own. */
export type Parts = {
  /** Plain text, without the site. */
  title: string | undefined;
  /** The name of the site, where it is not this one. */
  site?: string;
  /** CSS in the page itself, which its policy must allow, and the colour of the browser's own bars. */
  style?: string;
  themeColor?: string | undefined;
  /** One sentence for search results and previews. */
  about?: string | undefined;
  /** The path under which a search engine lists it. */
  path?: string;
  /** Requests that the script will send, to be sent beside its own load. */
  fetches?: readonly string[];
  /** HTML that stands in `#app` until the script draws there. */
  app: string;
  /** JSON that the script reads instead of sending a request. */
  opening?: string | undefined;
};

/**
 * Makes whole pages of the built `index.html`. One without a script loads the style alone.
 *
 * There is no `og:url`: the API does not know its public address, and the `Host` of one request must not get into a
 * page that others are sent. A preview then shows the address that was shared.
 */
export function createDocuments({ template }: Pick<Build, 'template'>) {
  const withoutScript = template.replaceAll(/ *<script type="module".*\n| *<link rel="modulepreload".*\n/g, '');

  const fill = (page: string, { name }: Language, parts: Parts, head: readonly string[]) =>
    page
      .replace('<html lang="en">', () => `<html lang="${name}">`)
      .replace('<!--head-->', () => head.join('\n    '))
      .replace('<!--app-->', () => parts.app)
      .replace('<!--opening-->', () =>
        parts.opening === undefined
          ? ''
          : `<script type="application/json" id="opening">${jsonInScript(parts.opening)}</script>`,
      );

  return {
    page(language: Language, parts: Parts): string {
      const { chunk } = language;
      const loads = [
        ...(chunk === undefined ? [] : [`<link rel="modulepreload" crossorigin href="${escaped(chunk)}">`]),
        ...(parts.fetches ?? []).map((path) => `<link rel="preload" as="fetch" crossorigin href="${escaped(path)}">`),
      ];
      return fill(template, language, parts, [...describing(parts), ...loads]);
    },

    pageWithoutScript: (language: Language, parts: Parts): string =>
      fill(withoutScript, language, parts, describing(parts)),
  };
}

export type Documents = ReturnType<typeof createDocuments>;

/** Title, description, the tags of previews, and the page's own style. */
function describing({ title, about, path, site = 'Frontrow', style, themeColor }: Parts): string[] {
  const lines = [`<title>${escaped(title === undefined ? site : `${title} · ${site}`)}</title>`];
  if (about !== undefined) {
    lines.push(
      `<meta name="description" content="${escaped(about)}">`,
      `<meta property="og:description" content="${escaped(about)}">`,
    );
  }
  if (title !== undefined) {
    lines.push(
      `<meta property="og:title" content="${escaped(title)}">`,
      '<meta property="og:type" content="website">',
      `<meta property="og:site_name" content="${escaped(site)}">`,
      '<meta name="twitter:card" content="summary">',
    );
  }
  if (path !== undefined) lines.push(`<link rel="canonical" href="${escaped(path)}">`);
  if (themeColor !== undefined) lines.push(`<meta name="theme-color" content="${escaped(themeColor)}">`);
  if (style !== undefined) lines.push(`<style>${style}</style>`);
  return lines;
}
