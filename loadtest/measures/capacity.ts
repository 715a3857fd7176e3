import { join } from 'node:path';
import { MAX_SEATS_IN_HOUSE } from '../../shared/contract/limits.ts';
import { projectRoot } from '../../shared/platform/root.ts';
import { command, number, text } from '../kit/command.ts';
import { readBench } from './capacity/bench-report.ts';
import { comparisonsOf, firstWall, microsEach, planOf, type Waiting } from './capacity/model.ts';
import { assumptionsOf, comparisonLines, planTable, wallLine } from './capacity/report.ts';

/** A bench that is committed, for readers who have none of their own machines. */
const REFERENCE = 'loadtest/measures/capacity/reference.json';

/** The ways to wait, as the tables name them. */
const WAYS: Record<Waiting, string> = { polls: 'everybody polls', cache: 'line behind a cache' };

await command({
  name: 'capacity',
  summary: `Computes what a sale needs: API and worker processes, shards, PostgreSQL, memory and network, where visitors
poll and where a cache answers them; and the first wall, the resource that is full first as the sale grows. It sends
nothing: the costs are those that a bench measured. docs/capacity.md explains it.`,
  options: {
    visitors: number('visitors, who all come within the time', 1_000_000, { max: 1_000_000_000 }),
    seats: number('seats, which are all sold within the time', 65_000, { max: MAX_SEATS_IN_HOUSE }),
    within: number('seconds', 60, { max: 86_400, isFraction: true }),
    cores: number('cores of each of your machines', 8, { max: 1_024 }),
    bench: text('report of a bench of your own: `npm run bench -- --only frontrow --json FILE`', 'FILE', REFERENCE),
  },
  async run({ visitors, seats, within: withinSeconds, cores, bench }) {
    const { machine, sale: figures } = readBench(bench ?? join(projectRoot, REFERENCE));
    const sale = { visitors, seats, withinSeconds };
    const ways = Object.entries(WAYS) as [Waiting, string][];
    const plans = ways.map(([way, name]) => {
      const plan = planOf(figures, sale, way, cores);
      return [name, { ...plan, micros: microsEach(figures, sale, plan) }] as const;
    });
    const walls = ways.map(([way, name]) => wallLine(name, firstWall(figures, sale, way, cores), sale));
    console.log(`${planTable(Object.fromEntries(plans), cores)}\n`);
    console.log(`First wall, where visitors and seats grow alike:\n  ${walls.join('\n  ')}\n`);
    console.log(assumptionsOf(sale, machine));
    console.log(`\nThe model against runs that it was not built from:\n${comparisonLines(comparisonsOf(figures))}`);
    return undefined;
  },
});
