import type { RowPlan } from '../contract/houses.ts';
import { type Category, categoryOfSeat, labelOf, type Seat, seatOf, type Zone } from './house.ts';

/** The parts of a house that describe its seats. Zone n comes n-th. */
type DescribedHouse = {
  zones: readonly Pick<Zone, 'name' | 'category' | 'price' | 'plan'>[];
  categories: readonly Category[];
};

/** The names of a seat, its price and purpose. `companionOf`: the id of the accessible seat that it belongs to. */
type SeatDescription = {
  label: string | undefined;
  rowLabel: string | undefined;
  zoneName: string | undefined;
  category: Category | undefined;
  price: number;
  accessible: boolean;
  companionOf: string | undefined;
};

/** The label that is printed on a seat of a row, or that of its row with its number. */
export const labelInRow = (plan: RowPlan | undefined, number: number): string | undefined =>
  plan?.labels?.[number - 1] ?? (plan?.label === undefined ? undefined : `${plan.label}-${number}`);

/** The printed labels of seats, by their ids; undefined where none of them has one. */
export function printedLabels(house: DescribedHouse, ids: readonly string[]): Record<string, string> | undefined {
  const labels = ids.flatMap((id) => {
    const { label } = describeSeat(house, seatOf(id));
    return label === undefined ? [] : [[id, label] as const];
  });
  return labels.length === 0 ? undefined : Object.fromEntries(labels);
}

/**
 * Describes a seat of a house. A seat that the house does not have is described by its zone, as far as there is one.
 */
export function describeSeat(house: DescribedHouse, { zone: zoneNumber, row, number }: Seat): SeatDescription {
  const zone = house.zones[zoneNumber - 1];
  const plan = zone?.plan?.[row - 1];
  const categoryNumber = zone && categoryOfSeat(zone, row, number);
  const category = house.categories.find((one) => one.number === categoryNumber);
  const accessibleSeat = plan?.companions?.find(([companion]) => companion === number)?.[1];
  return {
    label: labelInRow(plan, number),
    rowLabel: plan?.label,
    zoneName: zone?.name ?? undefined,
    category,
    price: category?.price ?? zone?.price ?? 0,
    accessible: plan?.accessible?.includes(number) ?? false,
    companionOf: accessibleSeat === undefined ? undefined : labelOf({ zone: zoneNumber, row, number: accessibleSeat }),
  };
}
