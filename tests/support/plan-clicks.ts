import type { Page } from 'playwright-core';
import { cameraOn } from '../../web/plan/camera.ts';
import { hasSeats, layOutPlan, type Plan, seatPoint, shapeOf } from '../../web/plan/plan-layout.ts';

/** The canvas of a plan. */
export const canvasOf = (page: Page) => page.getByRole('img', { name: /^Plan of the house/ });

/** The pixel of the canvas at which a seat is drawn, while the plan shows all of the house. */
export async function pixelOfSeat(page: Page, plan: Plan, [zone, row, seat]: [number, number, number]) {
  const { width, height } = (await canvasOf(page).boundingBox()) ?? { width: 0, height: 0 };
  const camera = cameraOn(plan, { width, height });
  const shape = shapeOf(plan, zone);
  if (shape === undefined || !hasSeats(shape)) throw new Error('the plan draws no seats');
  const { x, y } = seatPoint(shape, row, seat);
  return { x: width / 2 + (x - camera.x) * camera.scale, y: height / 2 + (y - camera.y) * camera.scale };
}

/** Clicks a seat of a house with one zone of rows that are alike, while the plan shows all of it. */
export async function clickSeat(page: Page, size: { rows: number; seatsPerRow: number }, row: number, seat: number) {
  const position = await pixelOfSeat(page, layOutPlan([{ zone: 1, ...size }], null), [1, row, seat]);
  await canvasOf(page).click({ position });
}
