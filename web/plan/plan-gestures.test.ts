import { expect, test } from '@jest/globals';
import { createPointerTracker } from './plan-gestures.ts';

function createTested() {
  const gestures: unknown[] = [];
  const tracker = createPointerTracker({
    tap: ({ x, y }, pointer) => gestures.push(['tap', x, y, pointer]),
    drag: (dx, dy) => gestures.push(['drag', dx, dy]),
    pinch: (factor, { x, y }, dx, dy) => gestures.push(['pinch', factor, x, y, dx, dy]),
  });
  return { tracker, gestures };
}

test('a pointer that hardly moves taps', () => {
  const { tracker, gestures } = createTested();
  tracker.move(1, { x: 5, y: 5 }); // it is not pressed
  tracker.press(1, { x: 10, y: 10 });
  tracker.move(1, { x: 12, y: 11 });
  tracker.release(1, { x: 12, y: 11 }, 'finger');
  tracker.release(1, { x: 12, y: 11 }, 'finger');
  expect(gestures).toEqual([['tap', 12, 11, 'finger']]);
});

test('a pointer that moves on drags, and taps no more', () => {
  const { tracker, gestures } = createTested();
  tracker.press(1, { x: 0, y: 0 });
  tracker.move(1, { x: 20, y: 0 });
  tracker.move(1, { x: 20, y: 5 });
  tracker.release(1, { x: 20, y: 5 }, 'finger');
  expect(gestures).toEqual([
    ['drag', 20, 0],
    ['drag', 0, 5],
  ]);
});

test('two pointers pinch around the point between them', () => {
  const { tracker, gestures } = createTested();
  tracker.press(1, { x: 0, y: 0 });
  tracker.press(2, { x: 10, y: 0 });
  tracker.move(2, { x: 20, y: 0 });
  tracker.release(2, { x: 20, y: 0 }, 'finger');
  tracker.release(1, { x: 0, y: 0 }, 'finger');
  expect(gestures).toEqual([['pinch', 2, 10, 0, 5, 0]]);
});
