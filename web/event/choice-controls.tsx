import type { House } from '../house/house.ts';
import { categoryPrices } from '../house/text.ts';
import { priceText } from '../money.ts';
import { texts } from '../texts/texts.ts';
import { type Conditions, categoryNumbers, haveTypesOnly, typeCounts, typeNames, zonesFor } from './wish.ts';

type CountsProps = { most: number; count: number; setCount: (count: number) => void };

/** How many seats, without ticket types. */
const Counts = ({ most, count, setCount }: CountsProps) => (
  <fieldset class="counts">
    <legend class="label">{texts.choice.howMany}</legend>
    {Array.from({ length: most }, (_, i) => i + 1).map((option) => (
      <label key={option}>
        <input type="radio" name="count" checked={option === count} onChange={() => setCount(option)} />
        <span>{option}</span>
      </label>
    ))}
  </fieldset>
);

type StepperProps = {
  name: string;
  more?: string | undefined;
  value: number;
  least: number;
  most: number;
  set: (value: number) => void;
};

/** A number that two buttons change. They stay enabled for the keyboard: at a bound they do nothing. */
export function Stepper({ name, more, value, least, most, set }: StepperProps) {
  const step = (by: 1 | -1) => {
    const isPossible = value + by >= least && value + by <= most;
    return { 'aria-disabled': !isPossible, onClick: () => isPossible && set(value + by) };
  };
  return (
    <fieldset class="stepper" aria-label={name}>
      <span class="of">
        {name} {more !== undefined && <small>{more}</small>}
      </span>
      <button type="button" class="step" aria-label={texts.choice.less(name)} {...step(-1)}>
        −
      </button>
      <output aria-label={`${name}: ${value}`}>{value}</output>
      <button type="button" class="step" aria-label={texts.choice.more(name)} {...step(1)}>
        +
      </button>
    </fieldset>
  );
}

type TypesProps = {
  house: House;
  /** The numbers of the categories that the seats are of. */
  numbers: readonly number[];
  conditions: Conditions;
  change: (changed: Partial<Conditions>) => void;
  /** The seats that are chosen already; undefined where the types say how many. */
  fixedCount?: number;
  most: number;
  currency: string;
};

/** How many seats of which ticket type. */
export function TypeSteppers({ house, numbers, conditions, change, fixedCount, most, currency }: TypesProps) {
  const names = typeNames(house, numbers);
  const counts = typeCounts(names, conditions.types, fixedCount ?? conditions.count);
  const only = numbers.length === 1 ? house.categories[(numbers[0] ?? 0) - 1] : undefined;
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const set = (name: string, value: number) => {
    const types = { ...counts, [name]: value };
    change(fixedCount === undefined ? { types, count: total + value - (counts[name] ?? 0) } : { types });
  };
  return (
    <fieldset class="types">
      <legend class="label">{texts.choice.types}</legend>
      {names.map((name, i) => {
        const value = counts[name] ?? 0;
        const price = only?.types?.[name];
        const others = total - value;
        const first = counts[names[0] ?? ''] ?? 0;
        const bounds =
          fixedCount === undefined
            ? { least: others === 0 ? 1 : 0, most: most - others }
            : { least: i === 0 ? value : 0, most: i === 0 ? value : value + first };
        return (
          <Stepper
            key={name}
            name={name}
            more={price === undefined ? undefined : priceText(price, currency)}
            value={value}
            {...bounds}
            set={(next) => set(name, next)}
          />
        );
      })}
    </fieldset>
  );
}

type HowManyProps = Omit<TypesProps, 'fixedCount'> & { count: number };

/** How many seats, by ticket type where their categories have types. */
export function HowMany(props: HowManyProps) {
  const { house, numbers, conditions, change, most, count } = props;
  if (typeNames(house, numbers).length === 0)
    return <Counts most={most} count={count} setCount={(next) => change({ count: next })} />;
  if (haveTypesOnly(house, numbers)) return <TypeSteppers {...props} />;
  return (
    <>
      {conditions.isByType ? (
        <TypeSteppers {...props} />
      ) : (
        <Counts most={most} count={count} setCount={(next) => change({ count: next })} />
      )}
      <Check text={texts.choice.byType} isChecked={conditions.isByType} set={(isByType) => change({ isByType })} />
    </>
  );
}

type CheckProps = { text: string; isChecked: boolean; set: (isChecked: boolean) => void };

export const Check = ({ text, isChecked, set }: CheckProps) => (
  <label class="check">
    <input type="checkbox" checked={isChecked} onChange={(e) => set(e.currentTarget.checked)} />
    <span>{text}</span>
  </label>
);

type PriceProps = Pick<TypesProps, 'house' | 'conditions' | 'change' | 'currency'>;

/** The category of the seats, or their highest price. */
export function PriceField({ house, conditions, change, currency }: PriceProps) {
  const { zone, category, maxPrice, priceClass } = conditions;
  const numbers = categoryNumbers(house, { zone, category: undefined });
  const categories = numbers.flatMap((number) => house.categories[number - 1] ?? []);
  const own = zonesFor(house, zone).flatMap(({ price, usedCategories }) => (usedCategories.has(0) ? [price] : []));
  const prices = [...new Set([...categories.map(({ price }) => price), ...own])].sort((a, b) => a - b);
  if (prices.length < 2 && categories.length < 2) return null;
  const choose = (value: string) =>
    change({
      category: value.startsWith('category:') ? value.slice('category:'.length) : undefined,
      maxPrice: value.startsWith('price:') ? Number(value.slice('price:'.length)) : undefined,
      priceClass: undefined,
    });
  const isThere = categories.some(({ name }) => name === category);
  const value = isThere ? `category:${category}` : maxPrice === undefined ? '' : `price:${maxPrice}`;
  return (
    <label>
      <span class="label">{texts.choice.price}</span>
      <select value={value} onChange={(e) => choose(e.currentTarget.value)}>
        <option value="">{texts.choice.anyPrice}</option>
        {categories.map((one) => (
          <option key={one.name} value={`category:${one.name}`}>
            {one.name} · {categoryPrices(one, currency)}
          </option>
        ))}
        {(priceClass === undefined ? prices.slice(0, -1) : prices).map((price) => (
          <option key={price} value={`price:${price}`}>
            {texts.choice.upTo(priceText(price, currency))}
          </option>
        ))}
      </select>
    </label>
  );
}
