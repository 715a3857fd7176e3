import { useState } from 'preact/hooks';
import type { EventView } from '../../shared/contract/events.ts';
import type { OneWish } from '../../shared/contract/reserve.ts';
import { CODE, type House, maxSeatsOf } from '../house/house.ts';
import type { PurchaseState } from '../purchase/purchase-state.ts';
import { storedWish } from '../stored-values.ts';
import type { Conditions } from './wish.ts';

export type Choice = ReturnType<typeof useChoice>;

/**
 * The seats that the buyer has picked, or the conditions of those that the server is to find; at first those from
 * before the waiting room.
 */
export function useChoice(event: EventView, house: House) {
  const [wish] = useState(() => takeStoredWish(event.id));
  const [picked, setPicked] = useState(wish !== undefined && 'seats' in wish ? wish.seats : []);
  const [lost, setLost] = useState<string[]>([]);
  const [conditions, setConditions] = useState(() => conditionsOf(wish));
  const isFree = (label: string) => house.statusOf(label) === CODE.AVAILABLE;
  const change = (changed: Partial<Conditions>) => setConditions((before) => ({ ...before, ...changed }));
  return {
    picked,
    /** Picked seats that another buyer took. */
    lost,
    conditions,
    change,
    zone: conditions.zone,
    setZone: (zone: number | undefined) => change({ zone }),
    clear: () => setPicked([]),
    /** Picks a free seat, or removes a picked one. Beyond the limit the seat that was picked first is removed. */
    toggle(label: string): void {
      setLost([]);
      setPicked((labels) => {
        if (labels.includes(label)) return labels.filter((other) => other !== label);
        return isFree(label) ? [...labels, label].slice(-maxSeatsOf(event)) : labels;
      });
    },
    /** Removes picked seats that are no longer free, and reports them as lost. */
    dropUnavailable(): void {
      const unavailable = picked.filter((label) => !isFree(label));
      if (unavailable.length === 0) return;
      setPicked(picked.filter(isFree));
      setLost(unavailable);
    },
    clearAfter({ step }: PurchaseState): void {
      if (step !== 'choosing') setLost([]);
      if (step === 'held' || step === 'refused') setPicked([]);
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
  return { zone, count, category, maxPrice, accessible, split, types: types ?? {}, isByType: types !== undefined };
}

const NO_CONDITIONS: Partial<Conditions> = { zone: undefined, category: undefined, maxPrice: undefined };
