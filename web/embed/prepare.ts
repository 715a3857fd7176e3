import { loadTexts } from '../texts/texts.ts';
import type { Place } from './element.ts';

/** All elements of a page are in one language: that of the first. */
let texts: Promise<void> | undefined;

/**
 * Loads the texts, and puts a style into a shadow root. The style is no element: policies of sites that forbid inline
 * styles permit it.
 */
export async function prepare({ root, language }: Place, style: string): Promise<void> {
  texts ??= loadTexts(language.split('-', 1)[0] ?? '');
  await texts;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  root.adoptedStyleSheets = [sheet];
}
