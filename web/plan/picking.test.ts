import { describe, expect, test } from '@jest/globals';
import { MAX_SCALE } from './camera.ts';
import { zoomBeforePick } from './picking.ts';

describe('the size from which on a seat is picked', () => {
  test('a finger picks seats of 24 pixels, and zooms in before', () => {
    expect(zoomBeforePick(24, 1, 'finger')).toBeUndefined();
    expect(zoomBeforePick(6, 1, 'finger')).toBeGreaterThanOrEqual(24);
    expect(zoomBeforePick(30, 0.5, 'finger')).toBeGreaterThanOrEqual(48);
  });

  test('a mouse picks smaller seats', () => {
    expect(zoomBeforePick(12, 1, 'mouse')).toBeUndefined();
    expect(zoomBeforePick(6, 1, 'mouse')).toBeGreaterThanOrEqual(12);
  });

  test('at the largest scale seats are picked that are too close to each other for a finger', () => {
    expect(zoomBeforePick(20, 0.25, 'finger')).toBe(MAX_SCALE);
    expect(zoomBeforePick(MAX_SCALE, 0.25, 'finger')).toBeUndefined();
  });
});
