import { en } from './en/en.ts';
import { setLocale } from './locale.ts';

export type Texts = typeof en;

/** The languages of the pages. English is in the script, others are loaded where a page asks for them. */
const LANGUAGES: Record<string, () => Texts | Promise<Texts>> = {
  en: () => en,
  de: async () => (await import('./de/de.ts')).de,
};

/** The texts of this page's language. */
export let texts: Texts = en;

/** Loads the texts of a language; an unknown one, or one that cannot be loaded, is replaced by English. */
export async function loadTexts(language: string): Promise<void> {
  try {
    texts = (await LANGUAGES[language]?.()) ?? en;
  } catch {
    texts = en; // the connection was lost
  }
  setLocale(texts === en ? 'en' : language);
}
