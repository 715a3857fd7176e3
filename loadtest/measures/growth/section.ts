import { median } from '../../kit/statistics.ts';

/** A measurement's result: the cost of a call while its input grows. */
export type Section = {
  title: string;
  /** The input that grows, and its steps in words. */
  grows: string;
  steps: string[];
  /** The measured quantity at each step. */
  unit: string;
  series: { name: string; values: number[] }[];
  /** The last step's cost may be at most so many times the first one's. */
  targets: { what: string; ratio: number; atMost: number }[];
  /** Facts that a reader needs to judge the figures. */
  notes: string[];
};

/** `quick`: a hundredth of the sizes. */
export type GrowthOptions = { rounds: number; seed: number; quick: boolean; progress: (line: string) => void };

/** The target of the project: growth makes a call at most so many times as expensive. */
export const AT_MOST = 1.2;

/**
 * Takes a sample of each side in turn, round by round, every second round in reverse: other work on this machine then
 * affects all sides alike.
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

/** The cost of a side as a multiple of the first one's: the median of the rounds, each compared within itself. */
export const ratioOf = (first: readonly number[], other: readonly number[]): number =>
  median(other.map((value, round) => value / (first[round] ?? Number.NaN)));
