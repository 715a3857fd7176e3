/** The middle of each seat of a zone, by its index there; NaN where there is no seat. */
export type Points = { xs: Float32Array; ys: Float32Array };

export type Point = { x: number; y: number };

export type Box = { left: number; right: number; top: number; bottom: number };

/** Points for so many seats, none of which has a place yet. */
export const emptyPoints = (seats: number): Points => ({
  xs: new Float32Array(seats).fill(Number.NaN),
  ys: new Float32Array(seats).fill(Number.NaN),
});

/** The index of the seat that is nearest to a point, within a reach, of those from an index to before another. */
export function nearestSeat(
  { xs, ys }: Points,
  { x, y }: Point,
  reach: number,
  from = 0,
  to = xs.length,
): number | undefined {
  let nearest: number | undefined;
  let least = reach ** 2;
  for (let at = from; at < to; at += 1) {
    const distance = ((xs[at] ?? 0) - x) ** 2 + ((ys[at] ?? 0) - y) ** 2;
    if (distance > least || Number.isNaN(distance)) continue;
    least = distance;
    nearest = at;
  }
  return nearest;
}

/** The smallest upright box around points. */
export function boxOfPoints(points: readonly Point[]): Box {
  const box = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  for (const { x, y } of points) {
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y);
  }
  return box;
}

/** The smallest upright box around boxes. */
export const boxAround = (boxes: readonly Box[]): Box =>
  boxOfPoints(
    boxes.flatMap(({ left, right, top, bottom }) => [
      { x: left, y: top },
      { x: right, y: bottom },
    ]),
  );

/** The box with so much more room on each side. */
export const widened = ({ left, right, top, bottom }: Box, by: number): Box => ({
  left: left - by,
  right: right + by,
  top: top - by,
  bottom: bottom + by,
});

export const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

export const contains = ({ left, right, top, bottom }: Box, x: number, y: number): boolean =>
  x >= left && x <= right && y >= top && y <= bottom;
