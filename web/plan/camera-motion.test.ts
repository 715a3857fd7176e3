import { expect, test } from '@jest/globals';
import { cameraOn } from './camera.ts';
import { createCameraMotion } from './camera-motion.ts';
import { layOutPlan, type Sector } from './plan-layout.ts';

const plan = layOutPlan(
  [1, 2, 3].map((zone) => ({ zone, rows: 5, seatsPerRow: 20 })),
  null,
);
const size = { width: 600, height: 400 };

function createTested(isInstant = false) {
  let moves = 0;
  const motion = createCameraMotion(
    plan,
    () => isInstant,
    () => {
      moves += 1;
    },
  );
  motion.resize(size);
  return { motion, moves: () => moves };
}

test('a camera flies to a sector, and rests there', () => {
  const { motion, moves } = createTested();
  const sector = plan.sectors[0] as Sector;
  const start = motion.camera();
  motion.showShape(sector, 50);
  expect([motion.camera(), motion.isWhole(), moves()]).toEqual([start, false, 1]);
  expect(motion.advance(performance.now() + 100)).toBe(true);
  expect(motion.camera().scale).toBeGreaterThan(start.scale);
  expect(motion.camera().scale).toBeLessThan(50);
  expect(motion.advance(performance.now() + 1_000)).toBe(false);
  expect(motion.camera()).toEqual({ ...cameraOn(plan, size, sector), scale: 50 });
});

test('steps of keys add up while the camera flies', () => {
  const { motion } = createTested();
  const { scale } = motion.camera();
  motion.zoom(2);
  motion.zoom(2);
  motion.advance(performance.now() + 1_000);
  expect(motion.camera().scale).toBeCloseTo(4 * scale);
});

test('where motion is reduced a move is instant', () => {
  const { motion } = createTested(true);
  const { scale } = motion.camera();
  motion.zoom(2);
  expect(motion.camera().scale).toBeCloseTo(2 * scale);
  expect(motion.advance(performance.now())).toBe(false);
});

test('a camera that shows the whole plan does so at every size of the canvas', () => {
  const { motion } = createTested();
  const small = { width: 200, height: 300 };
  motion.resize(small);
  expect(motion.camera()).toEqual(cameraOn(plan, small));
  motion.drag(10, 0);
  const dragged = motion.camera();
  motion.resize(size);
  expect([motion.camera(), motion.isWhole()]).toEqual([dragged, false]);
  motion.showAll();
  expect(motion.isWhole()).toBe(true);
});
