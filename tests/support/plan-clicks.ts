import type { Page } from 'playwright-core';
import { cameraOn } from '../../web/plan/camera.ts';
import { hasSeats, layOutPlan, seatPoint, shapeOf } from '../../web/plan/plan-layout.ts';

/** Clicks a seat of a house with one zone of rows that are alike, while the plan shows all of it. */
export async function clickSeat(page: Page, size: { rows: number; seatsPerRow: number }, row: number, seat: number) {
  const canvas = page.getByRole('img', { name: /^Plan of the house/ });
  const { width, height } = (await canvas.boundingBox()) ?? { width: 0, height: 0 };
  const plan = layOutPlan([{ zone: 1, ...size }], null);
  const camera = cameraOn(plan, { width, height });
  const shape = shapeOf(plan, 1);
  if (shape === undefined || !hasSeats(shape)) throw new Error('the plan draws no seats');
  const { x, y } = seatPoint(shape, row, seat);
  const position = {
    x: width / 2 + (x - camera.x) * camera.scale,
    y: height / 2 + (y - camera.y) * camera.scale,
  };
  await canvas.click({ position });
}
