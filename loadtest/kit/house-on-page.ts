import type { Page } from 'playwright-core';
import { z } from 'zod';
import { eventView } from '../../shared/contract/events.ts';

/** The page's state of every seat, by label. The plan's canvas carries its house. */
const HOUSE_ON_PAGE = `
  Object.fromEntries(document.querySelector('canvas').house.zones.flatMap(({ zone, seatsPerRow, seats }) =>
    Array.from(seats, (code, index) => [
      zone + '-' + (1 + Math.floor(index / seatsPerRow)) + '-' + (1 + (index % seatsPerRow)),
      ['AVAILABLE', 'HELD', 'SOLD', 'BLOCKED'][code],
    ]).filter(([, status]) => status !== undefined)))`;

/** The number of seats of event 1 that differ between the page and the server. */
export async function differencesOfMaps(page: Page, url: string): Promise<number> {
  const response = await fetch(`${url}/api/events/1?include=seats`);
  const { seats = [] } = eventView.parse(await response.json());
  const onPage = z.record(z.string(), z.string()).parse(await page.evaluate(HOUSE_ON_PAGE));
  const different = seats.filter(({ seatNumber, status }) => onPage[seatNumber] !== status).length;
  return different + Math.abs(Object.keys(onPage).length - seats.length);
}
