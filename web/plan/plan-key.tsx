import type { SeatsConnection } from '../../client/src/index.ts';
import { formatNumber } from '../format.ts';
import { CODE, type House, MARK } from '../house/house.ts';
import { countsOfOthers, type OwnSeats } from '../house/own-seats.ts';
import type { PriceClass } from '../house/price-classes.ts';
import { hasAccessible } from '../house/seat-facts.ts';
import { categoryPrices } from '../house/text.ts';
import { priceText } from '../money.ts';
import { texts } from '../texts/texts.ts';

/** The classes that a buyer has limited the choice to, and the function that limits it to one or to none. */
export type PriceFilter = { lit: ReadonlySet<number> | undefined; choose: (priceClass: number | undefined) => void };

type Props = {
  house: House;
  currency: string;
  counts: readonly number[];
  /** Undefined where nobody buys. */
  mine: OwnSeats | undefined;
  hasOffers: boolean;
  filter: PriceFilter | undefined;
  connection: SeatsConnection | undefined;
};

/** The signs of the plan: prices by colour, and statuses by shape, with their numbers of seats. */
export function PlanKey({ house, currency, counts, mine, hasOffers, filter, connection }: Props) {
  const { key } = texts.plan;
  const others = mine === undefined ? counts : countsOfOthers(house, counts, mine);
  const count = (code: number) => formatNumber(others[code] ?? 0);
  const hasPrices = house.priceClasses.all.length > 1;
  return (
    <div class="plan-key">
      {hasPrices && <Prices house={house} currency={currency} filter={filter} />}
      <ul class="legend">
        <Sign name={hasPrices ? 'free any' : 'free'} text={key.available(count(CODE.AVAILABLE))} />
        <Sign name="held" text={(mine === undefined ? key.heldByBuyers : key.held)(count(CODE.HELD))} />
        <Sign name="sold" text={key.sold(count(CODE.SOLD))} />
        {hasAccessible(house.zones) && <Sign name="accessible" text={key.accessible} />}
        {house.zones.some(({ marks }) => marks?.includes(MARK.COMPANION)) && (
          <Sign name="companion" text={key.companion} />
        )}
        <Sign name="picked" text={mine === undefined ? key.chosen : key.picked} />
        {hasOffers && <Sign name="offered" text={key.offers} />}
        {mine !== undefined && <OwnSigns mine={mine} />}
        {connection !== undefined && (
          <li class={`connection ${connection}`}>
            <span role="status">{texts.plan.connection[connection]}</span>
          </li>
        )}
      </ul>
    </div>
  );
}

const Sign = ({ name, text }: { name: string; text: string }) => (
  <li>
    <i class={`key ${name}`} />
    {text}
  </li>
);

/** A buyer's seats: those that are held and those that are bought, or one sign where there are none yet. */
function OwnSigns({ mine }: { mine: OwnSeats }) {
  const { yours, bought, ownHeld } = texts.plan.key;
  const held = [...mine.values()].filter((own) => own === 'held').length;
  if (mine.size === 0) return <Sign name="mine" text={yours} />;
  return (
    <>
      {held > 0 && <Sign name="mine" text={ownHeld(formatNumber(held))} />}
      {mine.size > held && <Sign name="mine" text={bought(formatNumber(mine.size - held))} />}
    </>
  );
}

type PricesProps = Pick<Props, 'house' | 'currency' | 'filter'>;

/** The classes of seats. Pressing one shows only its seats, here, in the list and in the request for the best. */
function Prices({ house, currency, filter }: PricesProps) {
  const { all } = house.priceClasses;
  const pressed = filter?.lit?.size === 1 ? [...filter.lit][0] : undefined;
  return (
    <ul class="legend prices" aria-label={texts.plan.prices}>
      {all.map((one, i) => (
        <li key={one.category?.name ?? one.highest}>
          {filter === undefined ? (
            <PriceSign {...one} currency={currency} />
          ) : (
            <button
              type="button"
              class={filter.lit === undefined || filter.lit.has(i) ? 'price' : 'price dimmed'}
              aria-pressed={pressed === i}
              onClick={() => filter.choose(pressed === i ? undefined : i)}
            >
              <PriceSign {...one} currency={currency} />
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

const PriceSign = ({ currency, ...priceClass }: PriceClass & { currency: string }) => (
  <>
    <i class="key free" style={priceClass.colour && { background: priceClass.colour }} />
    <span>{classText(priceClass, currency)}</span>
  </>
);

/** `Gold · €99, child €49`, `€45`, or `€40 to €60`. */
export function classText({ category, lowest, highest }: PriceClass, currency: string): string {
  if (category !== undefined) return `${category.name} · ${categoryPrices(category, currency)}`;
  const [from, to] = [priceText(lowest, currency), priceText(highest, currency)];
  return lowest === highest ? to : texts.house.priceRange(from, to);
}
