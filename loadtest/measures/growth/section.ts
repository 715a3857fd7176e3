import { createLogger } from '../../../shared/platform/logger.ts';
import { median } from '../../kit/statistics.ts';

export const log = createLogger({ LOG_LEVEL: 'warn' }, 'growth');

/** One question of growth and its answer: what something costs while something else grows. */
export type Section = {
  title: string;
  /** What grows, and its steps in words. */
  grows: string;
  steps: string[];
  /** What is measured at each step, and its unit. */
  unit: string;
  series: { name: string; values: number[] }[];
  /** How many times the cost of the first step the last one may cost. */
  targets: { what: string; ratio: number; atMost: number }[];
  /** What a reader has to know to judge the figures. */
  notes: string[];
};

/** What every measurement is given. `quick`: a hundredth of the sizes, to see that it runs. */
export type GrowthOptions = { rounds: number; seed: number; quick: boolean; say: (line: string) => void };

/** The target of issue and DESIGN: what has grown costs at most so many times what it cost before. */
export const AT_MOST = 1.2;

/**
 * Takes a sample of each side in turn, round by round, every second round backwards: what else the machine does meets all
 * sides alike.
 *
 * @returns the samples of each side, in rounds
 */
export async function sampleInTurn(rounds: number, sides: readonly (() => Promise<number>)[]): Promise<number[][]> {
  const samples = sides.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    const order = [...sides.keys()];
    for (const side of round % 2 === 0 ? order : order.reverse()) {
      samples[side]?.push((await sides[side]?.()) ?? 0);
    }
  }
  return samples;
}

/** How many times the first side's cost the other side has: the median over rounds, each compared within itself. */
export const ratioOf = (first: readonly number[], other: readonly number[]): number =>
  median(other.map((value, round) => value / (first[round] ?? Number.NaN)));
