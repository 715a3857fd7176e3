import { formatNumber } from '../../format.ts';

const places = (count: number) => (count === 1 ? '1 place' : `${formatNumber(count)} places`);

/** Zones, rows and seats, and the seats of each status. Places are those of standing room. */
export const house = {
  zone: (number: number) => `Zone ${number}`,
  row: (label: string) => `row ${label}`,
  seat: (label: string) => `seat ${label}`,
  seats: (labels: string) => `seats ${labels}`,
  seatCount: (count: number) => (count === 1 ? '1 seat' : `${formatNumber(count)} seats`),
  placeCount: places,
  available: (count: number) => `${formatNumber(count)} available`,
  noneAvailable: 'none available',
  soldOut: 'sold out',
  notForSale: 'not for sale',
  held: (count: number) => `${formatNumber(count)} held`,
  sold: (count: number) => `${formatNumber(count)} sold`,
  placesAvailable: (count: number, capacity: number) => `${formatNumber(count)} of ${places(capacity)} are available`,
  /** No seat is available, but held seats may become available. */
  soldOutForNow: (held: number) =>
    held === 1
      ? 'Sold out for now: 1 seat is held by another buyer and may come back.'
      : `Sold out for now: ${formatNumber(held)} seats are held by other buyers and may come back.`,
  freeOfCharge: 'free of charge',
  priceRange: (lowest: string, highest: string) => `${lowest} to ${highest}`,
};
