const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);

/** The middle value; the upper one of two. 0 where there are no values. */
export const median = (values: readonly number[]): number => sorted(values)[values.length >> 1] ?? 0;

/** The value that this share (0 to 1) of the values does not exceed. 0 where there are no values. */
export const percentile = (values: readonly number[], share: number): number =>
  sorted(values)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

/** The mean of the middle half. It ignores strays as the median does, and is finer where values are whole numbers. */
export function middleMean(values: readonly number[]): number {
  const middle = sorted(values).slice(Math.floor(values.length / 4), Math.ceil((values.length * 3) / 4));
  return sumOf(middle) / middle.length;
}

export const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
