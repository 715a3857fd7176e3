import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { percentile } from './statistics.ts';

/** A promise that a command checks, and the figure that shows whether it was held. */
export type Check = { what: string; held: boolean; figure?: string | number; examples?: readonly string[] };

/** Examples of a broken check that are printed. */
const MAX_EXAMPLES = 8;

/** A check that holds where nothing contradicts it. */
export const noneOf = (what: string, examples: readonly string[]): Check => ({
  what,
  held: examples.length === 0,
  figure: examples.length,
  examples,
});

export const allHeld = (checks: readonly Check[]): boolean => checks.every(({ held }) => held);

/** Checks, one a line: held or broken, with examples of what broke them. */
export function verdictLines(checks: readonly Check[]): string {
  const lines = checks.flatMap(({ what, held, figure, examples = [] }) => [
    `  ${held ? 'held  ' : 'BROKEN'}  ${what}${figure === undefined ? '' : `: ${figure}`}`,
    ...examples.slice(0, MAX_EXAMPLES).map((example) => `            ${example}`),
  ]);
  return lines.join('\n');
}

/** Prints checks, and in the last line whether all of them were held. */
export function printVerdict(name: string, checks: readonly Check[]): void {
  console.log(`\n${verdictLines(checks)}\n${name}: ${allHeld(checks) ? 'held' : 'BROKEN'}`);
}

/** Named figures, one a line. */
export function figureLines(figures: readonly (readonly [name: string, value: string | number])[]): string {
  const width = Math.max(...figures.map(([name]) => name.length)) + 2;
  return figures.map(([name, value]) => `  ${name.padEnd(width)}${value}`).join('\n');
}

export const ms = (values: readonly number[], share: number): string => `${percentile(values, share).toFixed(1)} ms`;

/** Percentiles of times in milliseconds. */
export const timesOf = (values: readonly number[]): string =>
  [0.5, 0.95, 0.99].map((share) => `p${share * 100} ${ms(values, share)}`).join(', ');

export const percent = (share: number): string => `${(share * 100).toFixed(0)}%`;

/** A Markdown table, padded so that it reads well as plain text. The first column is aligned to the left. */
export function markdownTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, width: number, i: number) => (i === 0 ? cell.padEnd(width) : cell.padStart(width));
  const line = (row: readonly string[]) => `| ${widths.map((width, i) => pad(row[i] ?? '', width, i)).join(' | ')} |`;
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), line(rule), ...cells.slice(1).map(line)].join('\n');
}

/** Writes a report or a picture, and creates its folder. */
export function writeReport(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** Prints a line about progress every two seconds. Returns the stop. */
export function reportProgress(line: () => string, everyMs = 2_000): () => void {
  const timer = setInterval(() => console.error(`  ${line()}`), everyMs);
  return () => clearInterval(timer);
}
