import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '../../shared/config.ts';
import { ConfigError } from '../../shared/platform/config-error.ts';
import { exitOnStartFault } from '../../shared/platform/shutdown.ts';
import { wholeOf } from '../kit/options.ts';
import { renderPlots } from '../kit/plot.ts';
import { growBacklog } from './growth/backlog.ts';
import { growRow } from './growth/row.ts';
import type { GrowthOptions, Section } from './growth/section.ts';
import { growSockets } from './growth/sockets.ts';
import { growVenue } from './growth/venue.ts';
import { growWorkers } from './growth/workers.ts';

const HELP = `npm run bench:growth -- [options]

What a call costs while what it works on grows, on servers of its own: the CPU that it takes, not how long it took, in samples of
small and large in turn, medians of them. Ends with 1 where a target is missed.

  --only NAMES      some of row,venue,backlog,workers,sockets         (default all)
  --rounds N        samples of each step; of workers and sockets, which
                    take seconds each, a fifth of it                   (default 15)
  --seed N          what random wishes are made from                   (default 1)
  --json FILE       writes the figures there
  --picture FILE    where their plots go, an SVG                   (default growth.svg in DATA_DIR)
  --quick           a hundredth of the sizes, to see that it runs
  --help

  row       a claim in rows that are empty to full
  venue     a claim in houses of 65 thousand to 6.5 million seats
  backlog   accepting a request while 0 to one million tickets wait
  workers   bookings a second, and CPU for each, with 1 to 4 workers
  sockets   a booking while 0 to 10,000 sockets lie open`;

type Measurement = { grow: (options: GrowthOptions) => Promise<Section>; slow?: true };

const measurements: Record<string, Measurement> = {
  row: { grow: growRow },
  venue: { grow: growVenue },
  backlog: { grow: growBacklog },
  workers: { grow: growWorkers, slow: true },
  sockets: { grow: growSockets, slow: true },
};

function readOptions() {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: {
      only: text,
      rounds: text,
      seed: text,
      json: text,
      picture: text,
      quick: flag,
      help: { ...flag, short: 'h' },
    },
  });
  if (values.help) return undefined;
  const names = Object.keys(measurements);
  const only = values.only?.split(',') ?? names;
  if (only.some((name) => !names.includes(name))) throw new ConfigError(`--only: some of ${names.join(',')}`);
  const { json, picture, quick } = values;
  const whole = wholeOf(values);
  const [rounds, seed] = [whole('rounds', 15, 1, 1_000_000), whole('seed', 1, 1, 1_000_000)];
  return { only, rounds, seed, json, picture, quick };
}

const isMissed = ({ ratio, atMost }: Section['targets'][number]) => !(ratio <= atMost);

function tableOf({ title, grows, steps, unit, series, targets, notes }: Section): string {
  const rows = [
    [grows, ...series.map(({ name }) => name)],
    ...steps.map((step, i) => [step, ...series.map(({ values }) => (values[i] ?? 0).toFixed(1))]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => `  ${row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('   ')}`);
  const verdicts = targets.map((target) => {
    const word = isMissed(target) ? 'MISSED' : 'met';
    return `  ${target.what}: ${target.ratio.toFixed(2)} times (target: at most ${target.atMost}) ${word}`;
  });
  return [`\n${title} (${unit})`, ...lines, ...verdicts, ...notes.map((note) => `  ${note}`)].join('\n');
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return void console.log(HELP);
  const { DATA_DIR } = readConfig(); // settings that are not valid end it here, before minutes of work
  const { only, rounds, seed, json, quick, picture = join(DATA_DIR, 'growth.svg') } = options;
  const sections: Record<string, Section> = {};
  for (const name of only) {
    const { grow, slow } = measurements[name] as Measurement;
    const say = (line: string) => console.error(`  ${line}`);
    const section = await grow({ rounds: slow ? Math.ceil(rounds / 5) : rounds, seed, quick, say });
    sections[name] = section;
    console.log(tableOf(section));
  }
  const all = Object.values(sections);
  const machine = { cores: availableParallelism(), node: process.version };
  if (json !== undefined)
    writeFileSync(json, `${JSON.stringify({ machine, rounds, seed, quick, sections }, null, 2)}\n`);
  const plots = all.map(({ title, grows, steps, unit, series }) => ({
    title,
    across: grows,
    steps,
    unit,
    lines: series,
  }));
  mkdirSync(dirname(picture), { recursive: true });
  writeFileSync(picture, renderPlots(plots));
  console.log(`\nPicture: ${picture}`);
  process.exitCode = all.some(({ targets }) => targets.some(isMissed)) ? 1 : 0;
}

await main().catch(exitOnStartFault);
