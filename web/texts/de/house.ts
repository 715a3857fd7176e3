import { formatNumber } from '../../format.ts';
import type { Texts } from '../texts.ts';

const places = (count: number) => (count === 1 ? '1 Stehplatz' : `${formatNumber(count)} Stehplätze`);

export const house: Texts['house'] = {
  zone: (number) => `Block ${number}`,
  row: (label) => `Reihe ${label}`,
  seat: (label) => `Platz ${label}`,
  seats: (labels) => `Plätze ${labels}`,
  seatCount: (count) => (count === 1 ? '1 Platz' : `${formatNumber(count)} Plätze`),
  placeCount: places,
  available: (count) => `${formatNumber(count)} verfügbar`,
  noneAvailable: 'zurzeit keine',
  soldOut: 'ausverkauft',
  notForSale: 'nicht im Verkauf',
  held: (count) => `${formatNumber(count)} reserviert`,
  sold: (count) => `${formatNumber(count)} verkauft`,
  placesAvailable: (count, capacity) =>
    `${formatNumber(count)} von ${capacity === 1 ? '1 Stehplatz' : `${formatNumber(capacity)} Stehplätzen`} verfügbar`,
  soldOutForNow: (held) =>
    held === 1
      ? 'Zurzeit ausverkauft: 1 Platz ist für jemand anderen reserviert und wird vielleicht wieder frei.'
      : `Zurzeit ausverkauft: ${formatNumber(held)} Plätze sind für andere reserviert und werden vielleicht frei.`,
  freeOfCharge: 'kostenlos',
  priceRange: (lowest, highest) => `${lowest} bis ${highest}`,
};
