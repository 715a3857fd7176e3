import { useState } from 'preact/hooks';
import type { OneWish } from '../../shared/contract/reserve.ts';
import { CODE, type House } from '../house/house.ts';
import { litClasses } from '../house/price-classes.ts';
import type { PurchaseState } from '../purchase/purchase-state.ts';
import { storedWish } from '../stored-values.ts';
import { type Picks, picksWithout, toggled } from './picks.ts';
import type { Conditions } from './wish.ts';

export type Choice = ReturnType<typeof useChoice>;

/**
 * The seats that the buyer has picked, or the conditions of those that the server is to find; at first those from
 * before the waiting room.
 */
export function useChoice(eventId: number, house: House) {
  const [wish] = useState(() => takeStoredWish(eventId));
  const [picks, setPicks] = useState<Picks>({ seats: wish !== undefined && 'seats' in wish ? wish.seats : [] });
  const [conditions, setConditions] = useState(() => conditionsOf(wish));
  const isFree = (label: string) => house.statusOf(label) === CODE.AVAILABLE;
  const change = (changed: Partial<Conditions>) => setConditions((before) => ({ ...before, ...changed }));
  return {
    picked: picks.seats,
    notice: picks.notice,
    conditions,
    change,
    zone: conditions.zone,
    setZone: (zone: number | undefined) => change({ zone }),
    /** The classes of seats that the buyer has limited the choice to; undefined: all. */
    lit: litClasses(house.priceClasses, conditions),
    /** Limits the choice to a class. The server knows categories and a highest price, so a class of prices is both. */
    choosePrice(priceClass: number | undefined): void {
      const { category, highest } = house.priceClasses.all[priceClass ?? -1] ?? {};
      if (category !== undefined) change({ category: category.name, priceClass: undefined, maxPrice: undefined });
      else change({ category: undefined, priceClass, maxPrice: highest });
    },
    clear: () => setPicks({ seats: [] }),
    /** Picks an available seat, or removes a picked one. A seat beyond the limit is refused with a notice. */
    toggle: (label: string, most: number) => setPicks(toggled(picks, label, isFree, most)),
    /** Removes picked seats that are no longer available, and reports them. */
    dropUnavailable: () => setPicks(picksWithout(picks, (label) => !isFree(label))),
    clearAfter({ step }: PurchaseState): void {
      if (step === 'held' || step === 'refused') setPicks({ seats: [] });
      else if (step !== 'choosing') setPicks(({ seats }) => ({ seats }));
    },
  };
}

/** Reads and removes the seats that were requested before the waiting room interrupted. */
function takeStoredWish(eventId: number): OneWish | undefined {
  const stored = storedWish(eventId);
  const wish = stored.read();
  stored.remove();
  return wish;
}

/** The conditions of a request, which may be a stored one. */
function conditionsOf(wish: OneWish | undefined): Conditions {
  const run = wish === undefined || 'seats' in wish ? { count: 2 } : wish;
  const { zone, count, category, maxPrice, accessible = 0, split = false } = { ...NO_CONDITIONS, ...run };
  const types = wish !== undefined && 'types' in wish ? wish.types : undefined;
  const isByType = types !== undefined;
  return { zone, count, category, maxPrice, priceClass: undefined, accessible, split, types: types ?? {}, isByType };
}

const NO_CONDITIONS: Partial<Conditions> = { zone: undefined, category: undefined, maxPrice: undefined };
