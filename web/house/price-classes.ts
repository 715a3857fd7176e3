import type { CategoryView } from './house-view.ts';

/** Classes of seats without a category at most: more colours are not told apart. Beyond it a class is a range. */
const MAX_CLASSES = 8;

/**
 * Colours of classes without one of their own. Also people who see few colours tell them apart (a test simulates it),
 * and each has a contrast of 3 to a light and to a dark page.
 */
const PALETTE = ['#0072b2', '#d55e00', '#009e73', '#693cff', '#d2003c', '#7878ff', '#c378a5', '#875a78'];

/**
 * Seats that have one colour on the plan: those of a category, or those without one by their price.
 *
 * `lowest`, `highest`: prices in the minor unit of the event's currency. `colour`: undefined where the house has no
 * other class, so that there is nothing to tell apart.
 */
export type PriceClass = {
  category: CategoryView | undefined;
  lowest: number;
  highest: number;
  colour: string | undefined;
};

type Zone = { price: number; usedCategories: ReadonlySet<number> };

/** The classes of a house: its categories in their order, then the prices of other seats, the highest first. */
export function priceClassesOf(categories: readonly CategoryView[], zones: readonly Zone[]) {
  const plain = zones.filter(({ usedCategories }) => usedCategories.has(0));
  const prices = [...new Set(plain.map(({ price }) => price))].sort((a, b) => b - a);
  const ranges = rangesOf(prices);
  const isSingle = categories.length + ranges.length === 1;
  const all: PriceClass[] = [
    ...categories.map((category) => ({ category, lowest: category.price, highest: category.price })),
    ...ranges.map((range) => ({ category: undefined, ...range })),
  ].map(({ category, lowest, highest }, i) => {
    const colour = category?.color ?? (isSingle ? undefined : PALETTE[i % PALETTE.length]);
    return { category, lowest, highest, colour };
  });
  const classOfPrice = new Map(
    prices.map((price) => [
      price,
      categories.length + ranges.findIndex(({ lowest, highest }) => lowest <= price && price <= highest),
    ]),
  );
  return {
    all: all as readonly PriceClass[],
    /** The class of the seats of a zone that have a category, by its number; 0: those that have none. */
    of: ({ price }: Pick<Zone, 'price'>, category: number): number =>
      category > 0 ? category - 1 : (classOfPrice.get(price) ?? categories.length),
  };
}

export type PriceClasses = ReturnType<typeof priceClassesOf>;

/** Prices, the highest first, as classes: one for each, or ranges of about as many prices each. */
function rangesOf(prices: readonly number[]): { lowest: number; highest: number }[] {
  const count = Math.min(prices.length, MAX_CLASSES);
  return Array.from({ length: count }, (_, i) => {
    const [first, next] = [i, i + 1].map((at) => Math.floor((at * prices.length) / count)) as [number, number];
    return { highest: prices[first] as number, lowest: prices[next - 1] as number };
  });
}

/** The classes that a buyer has limited the choice to; undefined: all. */
export function litClasses(
  { all }: PriceClasses,
  {
    category,
    priceClass,
    maxPrice,
  }: { category?: string | undefined; priceClass?: number | undefined; maxPrice?: number | undefined },
): ReadonlySet<number> | undefined {
  const isLit = ({ category: own, lowest }: PriceClass, index: number): boolean => {
    if (category !== undefined) return own?.name === category;
    return priceClass === undefined ? lowest <= (maxPrice ?? Number.POSITIVE_INFINITY) : index === priceClass;
  };
  const lit = all.flatMap((one, index) => (isLit(one, index) ? [index] : []));
  return lit.length === all.length || lit.length === 0 ? undefined : new Set(lit);
}
