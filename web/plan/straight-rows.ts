import type { RowView } from '../house/house-view.ts';
import { type Block, blockOf } from './plan-blocks.ts';
import type { Box, Point } from './plan-points.ts';

/** Zones, seats and seats side by side at most of a house whose rows are straight: larger ones are rings. */
const SMALL = { zones: 3, seats: 6_000, width: 100 };

/** In units: between rows, and from a zone to the next one behind it or beside it, for its name. */
const ROW_PITCH = 1.15;
const AISLE = 2.5;

/** Of the stage, as shares of the widest zone and in units: from it to the first row, and its depth and width. */
const STAGE = {
  distance: { share: 0.08, least: 1.3, most: 3 },
  depth: { share: 0.12, least: 1.2, most: 4 },
  width: { share: 0.7, least: 6, most: 60 },
};

type Size = {
  zone: number;
  seatsPerRow: number;
  isArea?: boolean;
  plan?: readonly RowView[] | undefined;
  /** Its room, in rows and in seats side by side. */
  depth: number;
  width: number;
};

/** Whether a house is so small that its rows are straight and its stage is a bar in front of them. */
export const isSmall = (zones: readonly Size[]): boolean =>
  zones.length <= SMALL.zones &&
  zones.every(({ width }) => width <= SMALL.width) &&
  zones.reduce((sum, { width, depth }) => sum + width * depth, 0) <= SMALL.seats;

/** Zones one behind the other, or side by side where that is nearer to a square. */
export function straightOf(zones: readonly Size[]): {
  blocks: Block[];
  bars: { zone: number; bar: Box }[];
  stageBar: Box;
} {
  const depthOf = ({ depth }: Size) => depth * ROW_PITCH;
  const along = (lengths: number[]) => lengths.reduce((sum, length) => sum + length + AISLE, -AISLE);
  const stacked = Math.max(along(zones.map(depthOf)), ...zones.map(({ width }) => width));
  const abreast = Math.max(along(zones.map(({ width }) => width)), ...zones.map(depthOf));
  const isStacked = stacked <= abreast;
  const breadth = isStacked ? Math.max(...zones.map(({ width }) => width)) : along(zones.map(({ width }) => width));
  const next = { x: -breadth / 2, y: 0 };
  const blocks: Block[] = [];
  const bars: { zone: number; bar: Box }[] = [];
  for (const size of zones) {
    const left = isStacked ? -size.width / 2 : next.x;
    if (size.isArea)
      bars.push({
        zone: size.zone,
        bar: { left, right: left + size.width, top: next.y, bottom: next.y + depthOf(size) },
      });
    else blocks.push(blockAt(size, { x: left, y: next.y }, zones.length > 1));
    if (isStacked) next.y += depthOf(size) + AISLE;
    else next.x += size.width + AISLE;
  }
  return { blocks, bars, stageBar: stageOf(breadth, zones.length > 1 ? AISLE : 0) };
}

/** @param nameRoom units between the stage and the first row, for the name of its zone */
function stageOf(breadth: number, nameRoom: number): Box {
  const within = ({ share, least, most }: (typeof STAGE)['width']) => Math.min(most, Math.max(least, share * breadth));
  const [bottom, half] = [-Math.max(nameRoom, within(STAGE.distance)), within(STAGE.width) / 2];
  return { left: -half, right: half, top: bottom - within(STAGE.depth), bottom };
}

/** A zone of straight rows, each in the middle; a gap is as wide as a seat. */
function blockAt({ zone, seatsPerRow, plan, depth, width }: Size, { x: left, y: top }: Point, isNamed: boolean): Block {
  const rows = plan ?? Array.from({ length: depth }, (): RowView => ({ seats: seatsPerRow }));
  const positioned = rows.map((row, i) => {
    const gaps = new Set(row.gapsAfter);
    let x = left + (width - row.seats - gaps.size) / 2 + 0.5;
    const y = top + (i + 0.5) * ROW_PITCH;
    const positions = Array.from({ length: row.seats }, (_, seat): [number, number] => {
      const at = x;
      x += gaps.has(seat + 1) ? 2 : 1;
      return [at, y];
    });
    return { ...row, positions };
  });
  const block = blockOf({ zone, seatsPerRow, plan: positioned }, ([x, y]) => ({ x, y }));
  return isNamed ? { ...block, nameAt: { x: left + width / 2, y: top } } : block;
}
