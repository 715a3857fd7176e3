import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { projectRoot } from '../../../shared/platform/root.ts';
import type { ByProcess, SaleFigures, StepCost } from '../bench/sale/figures.ts';
import { readBench } from './bench-report.ts';
import { comparisonsOf, coresAt, coresOf, firstWall, planOf, processesFor, RULES, type Sale } from './model.ts';
import { comparisonLines, wallLine } from './report.ts';

const NOTHING: ByProcess = { api: 0, workers: 0, redis: 0, postgres: 0 };

const cost = (perSecond: number, cpuMicros: Partial<ByProcess>, clients = 1_000): StepCost => ({
  perSecond,
  cpuMicros: { ...NOTHING, ...cpuMicros },
  networkBytes: { clients, redis: 500, postgres: 200 },
  walBytes: 800,
  redisBytes: 300,
});

/** A bench with round figures, some of them changed. */
function benchWith(steps: Partial<SaleFigures['steps']> = {}): SaleFigures {
  return {
    apis: 1,
    workers: 1,
    steps: {
      visit: [cost(50, { api: 1_200, redis: 60 }, 65_000), cost(700, { api: 800, redis: 10 }, 65_000)],
      cachedVisit: [cost(200, { api: 400, redis: 60 }, 3_000), cost(4_000, { api: 200, redis: 5 }, 3_000)],
      poll: [cost(8_000, { api: 50 })],
      line: [cost(8_000, { api: 40 })],
      booking: [
        cost(250, { api: 200, workers: 300, redis: 200, postgres: 400 }),
        cost(5_000, { api: 80, workers: 40, redis: 40, postgres: 40 }),
      ],
      ...steps,
    },
    idleCores: { api: 0.005, workers: 0.01, redis: 0.005, postgres: 0.002 },
    megabytes: { api: 200, workers: 150 },
    rehearsals: [],
  };
}

const SALE: Sale = { visitors: 1_000_000, seats: 65_000, withinSeconds: 60 };
const CORES = 8;

test('measured rates have their measured cost, and other rates lie between them', () => {
  const costs = [cost(100, { api: 400 }), cost(1_000, { api: 100 })];
  expect(coresAt(costs, 'api', 0)).toBe(0);
  expect(coresAt(costs, 'api', 100)).toBeCloseTo(0.04);
  expect(coresAt(costs, 'api', 1_000)).toBeCloseTo(0.1);
  expect(coresAt(costs, 'api', 550)).toBeCloseTo(0.07);
  expect(coresAt(costs, 'api', 5_000)).toBeCloseTo(0.5);
});

test('noise does not make a request cheaper at a lower rate, or many requests cheaper than few', () => {
  const dearer = [cost(100, { api: 50 }), cost(1_000, { api: 100 })];
  expect(coresAt(dearer, 'api', 100)).toBeCloseTo(0.01);
  const cheaper = [cost(100, { api: 500 }), cost(1_000, { api: 10 })];
  expect(coresAt(cheaper, 'api', 1_000)).toBeCloseTo(0.05);
  expect(coresAt(cheaper, 'api', 2_000)).toBeCloseTo(0.06);
});

test('requests that are spread over more APIs travel in smaller batches, which cost the APIs more', () => {
  const rates = { booking: 5_000 };
  const one = coresOf(benchWith(), rates, { apis: 1, workers: 1 });
  const four = coresOf(benchWith(), rates, { apis: 4, workers: 1 });
  expect(one.api).toBeCloseTo(0.005 + 0.4);
  expect(four.api).toBeGreaterThan(one.api + 0.1);
  expect({ ...four, api: 0 }).toEqual({ ...one, api: 0 });
});

test('processes that were measured together have their measured cost together', () => {
  const rates = { booking: 5_000 };
  const measured = { ...benchWith(), apis: 2, workers: 2 };
  expect(coresOf(measured, rates, { apis: 2, workers: 2 })).toEqual(
    coresOf(benchWith(), rates, { apis: 1, workers: 1 }),
  );
});

test('no API or worker is busier than planned, and one less would be', () => {
  const figures = benchWith();
  const rates = { cachedVisit: 30_000, booking: 20_000 };
  const processes = processesFor(figures, rates);
  const busy = (apis: number, workers: number) => {
    const cores = coresOf(figures, rates, { apis, workers });
    return { api: cores.api / apis, workers: cores.workers / workers };
  };
  const { apis, workers } = processes;
  expect(Math.max(...Object.values(busy(apis, workers)))).toBeLessThanOrEqual(RULES.plannedShare);
  expect(busy(apis - 1, workers).api).toBeGreaterThan(RULES.plannedShare);
  expect(busy(apis, workers - 1).workers).toBeGreaterThan(RULES.plannedShare);
  expect(processesFor(figures, { booking: 1 })).toEqual({ apis: 2, workers: 2 });
});

test('more visitors or seats, or less time, never need less of anything', () => {
  const costs = fc
    .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 0, max: 2_000 })), {
      minLength: 1,
      maxLength: 4,
      selector: ([perSecond]) => perSecond,
    })
    .map((points) =>
      points
        .toSorted(([a], [b]) => a - b)
        .map(([perSecond, micros]) =>
          cost(perSecond, { api: micros, workers: micros, redis: micros, postgres: micros }),
        ),
    );
  const size = fc.integer({ min: 1, max: 5_000_000 });
  const sale = fc.record({ visitors: size, seats: size, withinSeconds: fc.integer({ min: 1, max: 7_200 }) });
  const needOf = (figures: SaleFigures, of: Sale) =>
    (['polls', 'cache'] as const).flatMap((way) => {
      const { processes, cores, connections, networkBytesPerSecond, walBytesPerSecond, megabytes } = planOf(
        figures,
        of,
        way,
        CORES,
      );
      const groups = [processes, cores, networkBytesPerSecond, megabytes, { connections, walBytesPerSecond }];
      return groups
        .flatMap((group) => Object.entries(group))
        .map(([name, value]) => [`${way} ${name}`, value] as const);
    });
  fc.assert(
    fc.property(costs, costs, sale, size, (booking, visit, small, more) => {
      const figures = benchWith({ booking, visit, cachedVisit: visit });
      const before = needOf(figures, small);
      for (const large of [
        { ...small, visitors: small.visitors + more },
        { ...small, seats: small.seats + more },
        { ...small, withinSeconds: small.withinSeconds / (1 + more / 1_000_000) },
      ]) {
        const shrunk = needOf(figures, large).filter(([, value], i) => value < (before[i]?.[1] ?? 0) * (1 - 1e-9));
        expect(shrunk).toEqual([]);
      }
    }),
    { numRuns: 200 },
  );
});

test('the first wall is the resource that is full first, at the size at which it is', () => {
  const dear = (part: Partial<ByProcess>) => [cost(250, part), cost(5_000, part)];
  const walls = [
    firstWall(benchWith(), SALE, 'polls', CORES),
    firstWall(benchWith({ booking: dear({ redis: 500 }) }), SALE, 'cache', CORES),
    firstWall(benchWith({ booking: dear({ postgres: 9_000 }) }), SALE, 'cache', CORES),
    firstWall(benchWith({ cachedVisit: [cost(4_000, { api: 200 }, 500_000)] }), SALE, 'cache', CORES),
  ];
  expect(walls.map((wall) => wall?.name)).toEqual([
    'the network at the entrance',
    "Redis' thread",
    "PostgreSQL's machine",
    'the network at the entrance',
  ]);
  for (const [i, figures] of [benchWith(), benchWith({ booking: dear({ redis: 500 }) })].entries()) {
    const { times = 0 } = walls[i] ?? {};
    const fullAt = (factor: number) => {
      const grown = { ...SALE, visitors: SALE.visitors * times * factor, seats: SALE.seats * times * factor };
      const { bounds } = planOf(figures, grown, i === 0 ? 'polls' : 'cache', CORES);
      return bounds.filter(({ used, limit }) => used > limit).map(({ name }) => name);
    };
    expect(fullAt(0.98)).toEqual([]);
    expect(fullAt(1.02)).toEqual([walls[i]?.name]);
  }
});

test('a machine with more cores moves the wall of PostgreSQL alone', () => {
  const figures = benchWith({ booking: [cost(5_000, { postgres: 9_000 })] });
  const [eight, sixteen] = [8, 16].map((cores) => firstWall(figures, SALE, 'cache', cores));
  expect((sixteen?.times ?? 0) / (eight?.times ?? 1)).toBeCloseTo(2, 1);
});

test('the wall of a sale that is beyond it says so', () => {
  const figures = benchWith({ booking: [cost(5_000, { redis: 5_000 })] });
  const wall = firstWall(figures, SALE, 'cache', CORES);
  expect(wallLine('cache', wall, SALE)).toMatch(
    /^cache: Redis' thread, at \d+,000 visitors .* This sale is beyond it\.$/,
  );
});

test('the model is within a fifth of the rehearsals of the committed bench', () => {
  const { sale } = readBench(join(projectRoot, 'loadtest/measures/capacity/reference.json'));
  const comparisons = comparisonsOf(sale);
  expect(comparisons.map(({ name }) => name)).toEqual(['visitors', 'bookings']);
  for (const { measured, modelled } of comparisons) expect(Math.abs(modelled / measured - 1)).toBeLessThan(0.2);
});

test('a run is compared with the model by the CPU of all processes', () => {
  const cores = { api: 0.4, workers: 0.2, redis: 0.2, postgres: 0.4 };
  const rehearsal = { name: 'bookings' as const, apis: 1, workers: 1, rates: { booking: 5_000 }, cores };
  expect(comparisonLines(comparisonsOf({ ...benchWith(), rehearsals: [rehearsal] }))).toBe(
    '  CPU of a booking, 5,000 a second on 1 APIs and 1 workers: measured 240 µs, by the model 204 µs (-15%)',
  );
});
