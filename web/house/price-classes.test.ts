import { describe, expect, test } from '@jest/globals';
import { litClasses, priceClassesOf } from './price-classes.ts';

const zonesOf = (...prices: number[]) => prices.map((price) => ({ price, usedCategories: new Set([0]) }));
const category = (name: string, price: number, color?: string) => ({ name, price, ...(color && { color }) });

describe('the classes of seats on the plan', () => {
  test('a house of one price has one class, in the colour of all available seats', () => {
    const { all } = priceClassesOf([], zonesOf(4_500, 4_500));
    expect(all).toEqual([{ category: undefined, lowest: 4_500, highest: 4_500, colour: undefined }]);
  });

  test('zones without categories have a class for each price, the highest first', () => {
    const classes = priceClassesOf([], zonesOf(3_000, 9_000, 3_000, 5_000));
    expect(classes.all.map(({ highest }) => highest)).toEqual([9_000, 5_000, 3_000]);
    expect(new Set(classes.all.map(({ colour }) => colour)).size).toBe(3);
    expect(classes.of({ price: 5_000 }, 0)).toBe(1);
  });

  test('many prices are eight ranges without gaps, and each price is in its own', () => {
    const prices = Array.from({ length: 50 }, (_, i) => 1_000 + 10 * i);
    const classes = priceClassesOf([], zonesOf(...prices));
    expect(classes.all).toHaveLength(8);
    for (const price of prices) {
      const { lowest, highest } = classes.all[classes.of({ price }, 0)] ?? { lowest: 0, highest: 0 };
      expect(lowest <= price && price <= highest).toBe(true);
    }
  });

  test('categories come first, with their own colours, and seats without one after them', () => {
    const categories = [category('Gold', 9_000, '#123456'), category('Silver', 5_000)];
    const zones = [{ price: 2_000, usedCategories: new Set([0, 2]) }];
    const classes = priceClassesOf(categories, zones);
    expect(classes.all.map((one) => [one.category?.name, one.highest])).toEqual([
      ['Gold', 9_000],
      ['Silver', 5_000],
      [undefined, 2_000],
    ]);
    expect(classes.all[0]?.colour).toBe('#123456');
    expect([classes.of({ price: 2_000 }, 2), classes.of({ price: 2_000 }, 0)]).toEqual([1, 2]);
  });

  test('a buyer limits the choice to a category, to a class, or to a highest price', () => {
    const classes = priceClassesOf([category('Gold', 9_000)], zonesOf(5_000, 3_000));
    expect(litClasses(classes, {})).toBeUndefined();
    expect([...(litClasses(classes, { category: 'Gold' }) ?? [])]).toEqual([0]);
    expect([...(litClasses(classes, { priceClass: 2 }) ?? [])]).toEqual([2]);
    expect([...(litClasses(classes, { maxPrice: 5_000 }) ?? [])]).toEqual([1, 2]);
    expect(litClasses(classes, { category: 'Unknown' })).toBeUndefined();
  });
});

/** Linear red, green and blue as people see them with full sight, deuteranopia and protanopia (Machado, 2009). */
const SIGHTS = [
  [1, 0, 0, 0, 1, 0, 0, 0, 1],
  [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
];

const linear = (colour: string): number[] =>
  [1, 3, 5].map((at) => (Number.parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2);

/** A colour as a point of CIELAB, in which distances are those that an eye sees: about 2 is the least. */
function labOf(colour: string, sight: readonly number[]): number[] {
  const rgb = linear(colour);
  const [r = 0, g = 0, b = 0] = [0, 3, 6].map((row) =>
    Math.max(
      0,
      [0, 1, 2].reduce((sum, i) => sum + (sight[row + i] ?? 0) * (rgb[i] ?? 0), 0),
    ),
  );
  const [x = 0, y = 0, z = 0] = [
    (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
    0.2126 * r + 0.7152 * g + 0.0722 * b,
    (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
  ].map((part) => (part > 0.008856 ? Math.cbrt(part) : 7.787 * part + 16 / 116));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

describe('the palette', () => {
  const colours = priceClassesOf([], zonesOf(8, 7, 6, 5, 4, 3, 2, 1)).all.map(({ colour }) => String(colour));

  test('its colours are told apart by people who see few of them', () => {
    for (const sight of SIGHTS) {
      for (const [i, one] of colours.entries()) {
        for (const other of colours.slice(i + 1)) {
          const [a, b] = [labOf(one, sight), labOf(other, sight)];
          expect(Math.hypot(...a.map((part, axis) => part - (b[axis] ?? 0)))).toBeGreaterThan(14);
        }
      }
    }
  });

  test.each(['#fffdf9', '#1e1a16'])('its colours have a contrast of 3 to the page %s', (page) => {
    const luminance = (colour: string) => {
      const [r = 0, g = 0, b = 0] = linear(colour);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    };
    for (const colour of colours) {
      const [a, b] = [luminance(colour), luminance(page)];
      expect(Math.max(a / b, b / a)).toBeGreaterThanOrEqual(3);
    }
  });
});
