import { en } from './en/en.ts';

export type Texts = typeof en;

/** The languages of the pages beside English, which is in the script: each is loaded where the page asks for it. */
const LANGUAGES: Record<string, () => Promise<Texts>> = {
  de: async () => (await import('./de/de.ts')).de,
};

/** The texts of this page's language. */
export let texts: Texts = en;

/** The locale of numbers, money and dates: the browser's, where it is of the page's language. */
export let locale = 'en';

/** Loads the texts of a language; an unknown one, or one that cannot be loaded, leaves English. */
export async function loadTexts(language: string): Promise<void> {
  const load = LANGUAGES[language];
  if (load !== undefined) texts = await load().catch(() => en);
  const spoken = texts === en ? 'en' : language;
  locale = navigator.languages.find((tag) => tag.split('-')[0] === spoken) ?? spoken;
}
