import { afterEach, expect, test } from '@jest/globals';
import { formatClock, formatNumber } from '../format.ts';
import { priceText } from '../money.ts';
import { momentText } from '../times.ts';
import { de } from './de/de.ts';
import { en } from './en/en.ts';
import { loadTexts, texts } from './texts.ts';

afterEach(() => loadTexts('en'));

/** The paths of all texts of a catalogue, each with the kind of its value. */
function pathsOf(catalogue: object, path = ''): string[] {
  return Object.entries(catalogue).flatMap(([name, value]) =>
    typeof value === 'object' ? pathsOf(value as object, `${path}${name}.`) : [`${path}${name}: ${typeof value}`],
  );
}

test('German has each text that English has, and none of them in English', () => {
  expect(pathsOf(de)).toEqual(pathsOf(en));
  const sentences = (catalogue: object): string[] =>
    Object.values(catalogue).flatMap((value) =>
      typeof value === 'object' ? sentences(value as object) : typeof value === 'string' ? [value] : [],
    );
  const german = new Set(sentences(de));
  const same = sentences(en).filter((sentence) => german.has(sentence));
  expect(same).toEqual(['Live', 'Position']);
});

test('a page is in its language, and in English where the language is unknown', async () => {
  await loadTexts('de');
  expect(texts.house.seatCount(2)).toBe('2 Plätze');
  expect(formatNumber(12_345)).toBe('12.345');
  expect(formatClock(2 * 86_400_000)).toBe('2 Tage 00:00:00');
  expect(priceText(4_550, 'EUR').replace(/\s/g, ' ')).toBe('45,50 €');
  expect(momentText('2027-01-01T19:00:00Z', 'Europe/Berlin')).toBe('Freitag, 1. Januar 2027, 20:00 Uhr MEZ');
  await loadTexts('fr');
  expect(texts.house.seatCount(2)).toBe('2 seats');
});
