import { type Category, categoryOfSeat, labelOf, type Seat, type Zone } from './house.ts';

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

/**
 * Describes a seat of a house. Its label is the one printed on it, or that of its row with its number; a house without
 * labels has none. A seat that the house does not have is described by its zone, as far as there is one.
 */
export function describeSeat(house: DescribedHouse, { zone: zoneNumber, row, number }: Seat): SeatDescription {
  const zone = house.zones[zoneNumber - 1];
  const plan = zone?.plan?.[row - 1];
  const categoryNumber = zone && categoryOfSeat(zone, row, number);
  const category = house.categories.find((one) => one.number === categoryNumber);
  const accessibleSeat = plan?.companions?.find(([companion]) => companion === number)?.[1];
  return {
    label: plan?.labels?.[number - 1] ?? (plan?.label === undefined ? undefined : `${plan.label}-${number}`),
    rowLabel: plan?.label,
    zoneName: zone?.name ?? undefined,
    category,
    price: category?.price ?? zone?.price ?? 0,
    accessible: plan?.accessible?.includes(number) ?? false,
    companionOf: accessibleSeat === undefined ? undefined : labelOf({ zone: zoneNumber, row, number: accessibleSeat }),
  };
}
