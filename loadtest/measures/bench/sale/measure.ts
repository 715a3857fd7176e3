import { setTimeout as sleep } from 'node:timers/promises';
import { peakMegabytes } from '../../../kit/processes.ts';
import { type OwnSystem, withOwnSystem } from '../../../kit/rig.ts';
import { sumOf } from '../../../kit/statistics.ts';
import { houseFor } from '../contestants.ts';
import type { ByProcess, SaleFigures, SaleStep, StepCost } from './figures.ts';
import { coresBetween, costBetween, openSaleMeters, type SaleMeters, withoutIdle } from './meters.ts';
import { type Clients, type Load, openClients } from './steps.ts';

/**
 * Steps a second that are measured after as many as there can be: their requests travel in batches. The highest rate
 * comes first, because V8 still compiles and optimizes while it begins.
 */
const RATES: Partial<Record<SaleStep, readonly number[]>> = {
  visit: [200, 50],
  cachedVisit: [1_000, 200],
  booking: [200, 50],
};
const RATE_SECONDS = 8;

/**
 * How often a step is repeated, as a share of the bench's requests: one visit has eleven. A step is warmed up by a
 * quarter of that.
 */
const SHARES: Record<SaleStep, number> = { visit: 0.25, cachedVisit: 1, poll: 1, line: 1, booking: 0.4 };
const WARM_UP_SHARE = 0.25;

/** Processes of each kind. */
const PROCESSES = { apis: 1, workers: 1 };

/** Seconds in which a system that has served is measured while nothing is sent. */
const IDLE_SECONDS = 5;

/** The rehearsal: other numbers of processes; visits and bookings a second; polls of each visitor; seconds of each. */
const REHEARSAL = { apis: 2, workers: 2, visits: 150, polls: 4, bookings: 60, seconds: 12 };

type Options = { requests: number; connections: number; progress: (line: string) => void };

/** A system under measurement. */
type Stage = { meters: SaleMeters; clients: Clients; system: OwnSystem; workerPids: number[] };

/** Works with a system of so many APIs and workers. */
function onStage<Result>(
  { apis, workers, bookings }: { apis: number; workers: number; bookings: number },
  work: (stage: Stage) => Promise<Result>,
): Promise<Result> {
  const house = houseFor(bookings);
  const settings = { ZONES: house.zones, ROWS: house.rows, SEATS_PER_ROW: house.seatsPerRow };
  return withOwnSystem({ name: 'bench-sale', house: settings }, async (system) => {
    const { api, redis, postgres } = system;
    const others = await Promise.all(Array.from({ length: apis - 1 }, system.startApi));
    const running = await Promise.all(Array.from({ length: workers }, system.startWorker));
    const workerPids = running.map(({ pid }) => pid);
    const apiPids = [api, ...others].map(({ pid }) => pid);
    const meters = await openSaleMeters({ apis: apiPids, workers: workerPids, redis, postgres });
    system.rig.onClose(meters.close);
    const clients = await openClients([api.url, ...others.map(({ url }) => url)], house);
    return work({ meters, clients, system, workerPids });
  });
}

/** As many repeats of a step as there can be, of a share of the bench's requests. */
const loadOf = ({ requests, connections }: Options, step: SaleStep, share = 1): Load => ({
  repeats: Math.ceil(requests * SHARES[step] * share),
  connections,
});

/** Measures the steps of a sale one by one. */
const measureSteps = (options: Options) => {
  const { connections, progress } = options;
  const loadsOf = (step: SaleStep): Load[] => {
    const most = loadOf(options, step);
    const slow = (perSecond: number) => {
      return { repeats: Math.min(most.repeats, perSecond * RATE_SECONDS), connections, perSecond };
    };
    return [most, ...(RATES[step] ?? []).map(slow)];
  };
  const bookings = (1 + WARM_UP_SHARE) * sumOf(loadsOf('booking').map(({ repeats }) => repeats));

  return onStage({ ...PROCESSES, bookings }, async ({ meters, clients, system, workerPids }) => {
    async function measure(step: SaleStep): Promise<StepCost[]> {
      await clients.take(step, loadOf(options, step, WARM_UP_SHARE));
      const costs: StepCost[] = [];
      for (const load of loadsOf(step)) {
        const before = await meters.read();
        await clients.take(step, load);
        const cost = costBetween(before, await meters.read(), load.repeats);
        progress(lineOf(step, cost));
        costs.push(cost);
      }
      return costs.toSorted((a, b) => a.perSecond - b.perSecond);
    }

    await clients.setRoom('on');
    const visitors = {
      visit: await measure('visit'),
      cachedVisit: await measure('cachedVisit'),
      poll: await measure('poll'),
      line: await measure('line'),
    };
    await clients.setRoom('off');
    const costs = { ...visitors, booking: await measure('booking') };
    const idleFrom = await meters.read();
    await sleep(IDLE_SECONDS * 1_000);
    const idleCores = coresBetween(idleFrom, await meters.read());
    const without = (of: StepCost[]) => of.map((cost) => withoutIdle(cost, idleCores));
    const steps = Object.fromEntries(Object.entries(costs).map(([step, of]) => [step, without(of)]));
    const megabytes = { api: peakMegabytes(system.api.pid), workers: peakMegabytes(workerPids[0] as number) };
    return { ...PROCESSES, steps: steps as typeof costs, idleCores, megabytes };
  });
};

function lineOf(step: SaleStep, { perSecond, cpuMicros }: StepCost): string {
  const { api, workers, redis, postgres } = cpuMicros;
  const micros = [api, workers, redis, postgres].map((value) => value.toFixed(0).padStart(6)).join('');
  return `${step.padEnd(12)}${perSecond.toFixed(0).padStart(6)}/s, µs of API, worker, Redis, PostgreSQL:${micros}`;
}

/** Rehearses visitors and bookings on several APIs and workers, to compare the model with. */
const rehearse = (options: Options): Promise<SaleFigures['rehearsals']> => {
  const { connections, progress } = options;
  const { apis, workers, visits, polls, bookings, seconds } = REHEARSAL;
  const atRate = (perSecond: number): Load => {
    return { repeats: Math.min(options.requests, perSecond * seconds), connections, perSecond };
  };
  const [visit, booking] = [atRate(visits), atRate(bookings)];
  const warmUp = loadOf(options, 'booking', 0.5);

  return onStage({ apis, workers, bookings: warmUp.repeats + booking.repeats }, async ({ meters, clients }) => {
    async function measure(load: Load, work: () => Promise<void>): Promise<{ cores: ByProcess; perSecond: number }> {
      const before = await meters.read();
      await work();
      const after = await meters.read();
      return { cores: coresBetween(before, after), perSecond: load.repeats / ((after.atMs - before.atMs) / 1000) };
    }

    await clients.take('booking', warmUp);
    const booked = await measure(booking, () => clients.take('booking', booking));
    await clients.setRoom('on');
    await clients.wait(loadOf(options, 'visit', 0.5), polls);
    const visited = await measure(visit, () => clients.wait(visit, polls));
    progress(`rehearsed ${visit.repeats} visitors and ${booking.repeats} bookings on ${apis} APIs, ${workers} workers`);
    return [
      {
        name: 'visitors',
        apis,
        workers,
        rates: { visit: visited.perSecond, poll: polls * visited.perSecond },
        cores: visited.cores,
      },
      { name: 'bookings', apis, workers, rates: { booking: booked.perSecond }, cores: booked.cores },
    ];
  });
};

/**
 * Measures the cost of each step of a sale, from which `npm run capacity` computes the need of a whole sale.
 *
 * @param options.requests of each step, at most
 */
export async function measureSale(options: Options): Promise<SaleFigures> {
  const measured = await measureSteps(options);
  return { ...measured, rehearsals: await rehearse(options) };
}
