import type { EventView } from '../../shared/contract/events.ts';
import { formatNumber } from '../format.ts';
import type { House } from '../house/house.ts';
import { priceRange } from '../house/prices.ts';
import { pricesText } from '../house/text.ts';
import { priceText } from '../money.ts';
import { texts } from '../texts/texts.ts';
import { momentText } from '../times.ts';

type Props = {
  event: EventView;
  house: House;
  available: number;
  /** Nothing is sold any more: what is left does not matter. */
  isOver: boolean;
};

/** The event, when and where it takes place, and its seats. */
export function Billing({ event, house, available, isOver }: Props) {
  const { name, startsAt, timeZone, venue, totalSeats, currency } = event;
  const date = startsAt === null ? null : momentText(startsAt, timeZone);
  const whenAndWhere = [date, venue].filter((part) => part !== null).join(' · ');
  return (
    <header class="billing">
      <div>
        <h1>{name}</h1>
        {whenAndWhere !== '' && <p>{whenAndWhere}</p>}
      </div>
      {!isOver && (
        <p>
          {texts.choice.availableOf(formatNumber(available), formatNumber(totalSeats), kindOf(house))} ·{' '}
          {priceRangeText(house, currency)}
        </p>
      )}
    </header>
  );
}

/** The kind of what a house sells: places are those of standing room. */
function kindOf({ zones }: House): 'seats' | 'places' | 'both' {
  const areas = zones.filter(({ isArea }) => isArea).length;
  if (areas === 0) return 'seats';
  return areas === zones.length ? 'places' : 'both';
}

function priceRangeText(house: House, currency: string): string {
  const [lowest, highest] = priceRange(house, house.zones);
  if (highest === 0) return priceText(0, currency);
  if (lowest === 0) return texts.choice.freeOrUpTo(priceText(highest, currency));
  return texts.choice.aSeat(pricesText(house, house.zones, currency));
}
