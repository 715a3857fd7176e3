/** The locale of numbers, money and dates. */
export let locale = 'en';

/** The browser's locale, where it is of the page's language; else the language itself. */
export function setLocale(language: string): void {
  const spoken = globalThis.navigator?.languages ?? [];
  locale = spoken.find((tag) => tag.split('-')[0] === language) ?? language;
}
