import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../shared/platform/root.ts';
import type { Check } from '../kit/report.ts';

/** A figure may exceed the committed one by this share. */
const TOLERANCE = 0.1;

/** Figures by name, each the same on every run of the same version of redis-server. */
type Figures = Record<string, number>;

/** The version of a redis-server, from its INFO. */
export const versionIn = (info: string): string => /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown';

/**
 * Compares figures with those that are committed for the same version of redis-server, or writes them.
 *
 * @param options.file its name in loadtest/measures
 * @param options.save writes them
 * @returns a check for each figure; none where nothing is committed for this version
 */
export function compareWithCommitted(options: {
  file: string;
  version: string;
  figures: Figures;
  save: boolean;
}): Check[] {
  const { version, figures, save } = options;
  const file = join(projectRoot, 'loadtest', 'measures', options.file);
  const committed = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Figures>;
  if (save) writeFileSync(file, `${JSON.stringify({ ...committed, [version]: figures }, null, 2)}\n`);
  const before = save ? figures : committed[version];
  return Object.entries(before ?? {}).map(([name, figure]) => {
    const now = figures[name] ?? Number.NaN;
    const ratio = now / figure;
    return {
      what: `${name}: at most ${1 + TOLERANCE} times the committed figure`,
      held: ratio <= 1 + TOLERANCE,
      figure: `${now} for each ticket, ${ratio.toFixed(2)} times ${figure}`,
    };
  });
}
