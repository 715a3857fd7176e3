import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../shared/config.ts';
import { command, flag, namesOf, number, text } from '../kit/command.ts';
import { renderPlots } from '../kit/plot.ts';
import { writeReport } from '../kit/report.ts';
import { growBacklog } from './growth/backlog.ts';
import { growHistory } from './growth/history.ts';
import { growHouse } from './growth/house.ts';
import { growRow } from './growth/row.ts';
import type { GrowthOptions, Section } from './growth/section.ts';
import { growSockets } from './growth/sockets.ts';
import { growVenue } from './growth/venue.ts';
import { growWorkers } from './growth/workers.ts';

/** Rounds of a measurement whose rounds take seconds: one for this many. */
const SLOW_ROUNDS = 5;

type Measurement = { about: string; grow: (options: GrowthOptions) => Promise<Section>; isSlow?: true };

const measurements = {
  row: { about: 'a claim in rows that are empty to full', grow: growRow },
  venue: { about: 'a claim in houses of 65 thousand to 6.5 million seats', grow: growVenue },
  house: { about: 'a claim in houses with categories, gaps and an area of up to a million places', grow: growHouse },
  backlog: { about: 'accepting a request while 0 to one million tickets wait', grow: growBacklog },
  workers: { about: 'bookings a second, and CPU for each, with 1 to 4 workers', grow: growWorkers, isSlow: true },
  sockets: { about: 'a booking while 0 to 10,000 sockets are open', grow: growSockets, isSlow: true },
  history: {
    about: 'a start and a herd after 0 to 3,000 events and 10 million bookings',
    grow: growHistory,
    isSlow: true,
  },
} satisfies Record<string, Measurement>;

const names = Object.keys(measurements) as (keyof typeof measurements)[];

function tableOf({ title, grows, steps, unit, series, notes }: Section): string {
  const rows = [
    [grows, ...series.map(({ name }) => name)],
    ...steps.map((step, i) => [step, ...series.map(({ values }) => (values[i] ?? 0).toFixed(1))]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => `  ${row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('   ')}`);
  return [`\n${title} (${unit})`, ...lines, ...notes.map((note) => `  ${note}`)].join('\n');
}

await command({
  name: 'bench:growth',
  summary: `Measures the cost of a call while its input grows, on servers of its own: CPU, not time, in samples of small
and large in turn. The medians count.`,
  options: {
    only: namesOf('measurements', names),
    rounds: number(`samples of each step; workers, sockets and history have one for ${SLOW_ROUNDS}`, 15, {
      max: 1_000_000,
    }),
    seed: number('seed of the random wishes', 1, { max: 1_000_000 }),
    json: text('writes the figures as JSON', 'FILE'),
    picture: text('writes their plots, an SVG', 'FILE', 'growth.svg in DATA_DIR'),
    quick: flag('a hundredth of the sizes'),
  },
  notes: names.map((name) => `  ${name.padEnd(10)}${measurements[name].about}`).join('\n'),
  async run({ only, rounds, seed, json, quick, picture }) {
    const { DATA_DIR } = readConfig(); // invalid settings end the command before minutes of work
    const sections: Record<string, Section> = {};
    for (const name of only) {
      const { grow, isSlow }: Measurement = measurements[name];
      const progress = (line: string) => console.error(`  ${name}: ${line}`);
      const samples = isSlow ? Math.ceil(rounds / SLOW_ROUNDS) : rounds;
      const section = await grow({ rounds: samples, seed, quick, progress });
      sections[name] = section;
      console.log(tableOf(section));
    }
    const all = Object.values(sections);
    const machine = { cores: availableParallelism(), node: process.version };
    if (json !== undefined)
      writeReport(json, `${JSON.stringify({ machine, rounds, seed, quick, sections }, null, 2)}\n`);
    const file = picture ?? join(DATA_DIR, 'growth.svg');
    writeReport(
      file,
      renderPlots(all.map(({ grows, series, ...plot }) => ({ ...plot, across: grows, lines: series }))),
    );
    console.log(`\nPicture: ${file}`);
    return all.flatMap(({ targets }) =>
      targets.map(({ what, ratio, atMost }) => ({
        what: `${what}, at most ${atMost} times`,
        held: ratio <= atMost,
        figure: ratio.toFixed(2),
      })),
    );
  },
});
