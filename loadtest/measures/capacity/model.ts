import type { ByProcess, SaleFigures, SaleStep, StepCost } from '../bench/sale/figures.ts';

/** A sale: so many visitors come within some seconds, in which all seats are to be sold. */
export type Sale = { visitors: number; seats: number; withinSeconds: number };

/** How visitors wait: each polls an API, or all read the line from a cache, which has the assets of pages as well. */
export type Waiting = 'polls' | 'cache';

/** How often each step is taken in a second. */
export type Rates = Partial<Record<SaleStep, number>>;

/** Processes of each kind among which requests are spread evenly. */
export type Processes = { apis: number; workers: number };

type ProcessName = keyof ByProcess;

/** Rules of thumb, which nothing here measures. */
export const RULES = {
  /** Seats of a booking. */
  seatsEach: 2,
  /** The planned share of a core, or of a network: the rest is a reserve for uneven load. */
  plannedShare: 0.7,
  /** The fewest APIs and workers: one may fail. */
  fewest: 2,
  /** Gigabits a second of each machine's network, and of the entrance: a load balancer, or a CDN's way to it. */
  networkGigabits: 10,
  /** Redis' memory in times of its data: fragmentation, and pages that are copied while its log is rewritten. */
  redisTimes: 2,
  /** Megabytes of an empty Redis. */
  redisMegabytes: 50,
  /** Megabytes of PostgreSQL for itself, and for each connection. */
  postgresMegabytes: 1_024,
  connectionMegabytes: 10,
} as const;

/**
 * Polls of a line, by the rules of shared/domain/visitor-view.ts: a visitor polls again after 0.6 of the wait, and
 * after 30 s at most. So those who wait up to 50 s poll some 7 times for each visitor who is called, and those behind
 * them every 30 s.
 */
export const POLLS = { perTurn: 7, nearSeconds: 50, farSeconds: 30 } as const;

/** Requests for the line of one event that reach an API through a cache in a second: it keeps the answer for one. */
const LINE_READS: Rates = { line: 1 };

/** Bits of a position in Redis, at most: taken, left, and four of uses; its record may be twice as long. */
const BYTES_OF_POSITION = (2 * (1 + 1 + 4)) / 8;

/** Connections to PostgreSQL of each API and each worker, where nothing is set. */
export const CONNECTIONS = { api: 10, worker: 27 } as const;

/** Buyers: visitors who get seats. */
export const buyersOf = ({ visitors, seats }: Sale): number => Math.min(visitors, Math.ceil(seats / RULES.seatsEach));

/** Polls in a second when everybody has come and the sale begins. */
function pollsOf(sale: Sale): number {
  const turns = buyersOf(sale) / sale.withinSeconds;
  const far = Math.max(0, sale.visitors - turns * POLLS.nearSeconds);
  return POLLS.perTurn * turns + far / POLLS.farSeconds;
}

/** Steps in the busiest second of a sale. */
function ratesOf(sale: Sale, waiting: Waiting): Rates {
  const buyers = buyersOf(sale) / sale.withinSeconds;
  // A turn is taken by a script of Redis and answered with a signed token, as joining is: it counts as a visit more.
  const visits = sale.visitors / sale.withinSeconds + buyers;
  const waits = waiting === 'polls' ? { visit: visits, poll: pollsOf(sale) } : { cachedVisit: visits, ...LINE_READS };
  return { ...waits, booking: buyers };
}

/** The cost at the highest rate, which was measured with most requests. */
const fastest = (costs: readonly StepCost[]): StepCost => costs.at(-1) as StepCost;

/**
 * Cores that a process uses at each measured rate, the lowest first. The noise of a measurement must not say that a
 * request costs more at a higher rate, or that more requests cost less: then the higher figure counts.
 */
function curveOf(costs: readonly StepCost[], process: ProcessName): { perSecond: number; cores: number }[] {
  let cores = 0;
  return costs.map(({ perSecond }, i) => {
    const micros = Math.max(...costs.slice(i).map(({ cpuMicros }) => cpuMicros[process]));
    cores = Math.max(cores, (perSecond * micros) / 1e6);
    return { perSecond, cores };
  });
}

/**
 * Cores that a process uses for a step at a rate: on the line between the measured rates; each request beyond the
 * highest one costs as much as there.
 */
export function coresAt(costs: readonly StepCost[], process: ProcessName, perSecond: number): number {
  let from = { perSecond: 0, cores: 0 };
  for (const to of curveOf(costs, process)) {
    if (perSecond <= to.perSecond) {
      const share = (perSecond - from.perSecond) / (to.perSecond - from.perSecond);
      return from.cores + share * (to.cores - from.cores);
    }
    from = to;
  }
  return from.cores + ((perSecond - from.perSecond) * fastest(costs).cpuMicros[process]) / 1e6;
}

/** The sum of a figure over the steps, each at its rate. */
const sumOfSteps = (rates: Rates, of: (step: SaleStep, perSecond: number) => number): number =>
  Object.entries(rates).reduce((sum, [step, perSecond]) => sum + of(step as SaleStep, perSecond), 0);

/**
 * Cores in use by all processes of each kind. An API and a worker have their share of the requests: where there are
 * more of them than were measured, each makes smaller batches. Redis and PostgreSQL cost the same, however many
 * processes use them: while they are busy, the next batches grow (docs/capacity.md has the measurement). They and the
 * workers do not notice whether a visitor has the assets from a cache.
 */
export function coresOf({ steps, idleCores, ...measured }: SaleFigures, rates: Rates, processes: Processes): ByProcess {
  const cores = (process: ProcessName, times: number): number =>
    times * idleCores[process] +
    sumOfSteps(rates, (step, perSecond) => {
      const costs = steps[step === 'visit' && process !== 'api' ? 'cachedVisit' : step];
      return times * coresAt(costs, process, perSecond / times);
    });
  return {
    api: cores('api', processes.apis / measured.apis),
    workers: cores('workers', processes.workers / measured.workers),
    redis: cores('redis', 1),
    postgres: cores('postgres', 1),
  };
}

/** CPU for each visitor and each booking of a sale, in microseconds of all processes, without that of idle ones. */
export function microsEach(figures: SaleFigures, sale: Sale, { rates, processes }: Pick<Plan, 'rates' | 'processes'>) {
  const idleCores = { api: 0, workers: 0, redis: 0, postgres: 0 };
  const micros = (of: Rates, people: number) =>
    (totalOf(coresOf({ ...figures, idleCores }, of, processes)) / (people / sale.withinSeconds)) * 1e6;
  const { booking = 0, ...visits } = rates;
  return { visitor: micros(visits, sale.visitors), booking: micros({ booking }, buyersOf(sale)) };
}

const totalOf = ({ api, workers, redis, postgres }: ByProcess): number => api + workers + redis + postgres;

/** The smallest whole number from a least one on that passes, where all larger ones pass too. */
function smallest(least: number, passes: (count: number) => boolean): number {
  let [low, high] = [least - 1, least];
  while (!passes(high)) [low, high] = [high, high * 2];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (passes(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The fewest APIs and workers of which none uses more of its core than planned. */
export function processesFor(figures: SaleFigures, rates: Rates): Processes {
  const fits = (process: 'api' | 'workers') => (count: number) =>
    coresOf(figures, rates, { apis: count, workers: count })[process] / count <= RULES.plannedShare;
  return { apis: smallest(RULES.fewest, fits('api')), workers: smallest(RULES.fewest, fits('workers')) };
}

/** A resource that more processes do not extend: `used` of `limit` in the busiest second. */
type Bound = { name: string; unit: string; used: number; limit: number };

const NETWORK_LIMIT = (RULES.networkGigabits * 1e9 * RULES.plannedShare) / 8;

/** The need of a sale. */
export type Plan = {
  rates: Rates;
  processes: Processes;
  cores: ByProcess;
  connections: number;
  networkBytesPerSecond: StepCost['networkBytes'];
  walBytesPerSecond: number;
  megabytes: ByProcess;
  /** Ordered by how full they are. */
  bounds: Bound[];
};

/** @param cores of the machine of PostgreSQL */
export function planOf(figures: SaleFigures, sale: Sale, waiting: Waiting, cores: number): Plan {
  const { steps, megabytes } = figures;
  const rates = ratesOf(sale, waiting);
  const processes = processesFor(figures, rates);
  const { apis, workers } = processes;
  const used = coresOf(figures, rates, processes);
  const bytes = (of: (cost: StepCost) => number) =>
    sumOfSteps(rates, (step, perSecond) => perSecond * of(fastest(steps[step])));
  const network = {
    clients: bytes(({ networkBytes }) => networkBytes.clients),
    redis: bytes(({ networkBytes }) => networkBytes.redis),
    postgres: bytes(({ networkBytes }) => networkBytes.postgres),
  };
  const connections = apis * CONNECTIONS.api + workers * CONNECTIONS.worker;
  const redisData = buyersOf(sale) * fastest(steps.booking).redisBytes + sale.visitors * BYTES_OF_POSITION;
  const bounds: Bound[] = [
    { name: "Redis' thread", unit: 'cores', used: used.redis, limit: RULES.plannedShare },
    { name: "PostgreSQL's machine", unit: 'cores', used: used.postgres, limit: cores * RULES.plannedShare },
    { name: 'the network at the entrance', unit: 'bytes/s', used: network.clients, limit: NETWORK_LIMIT },
    { name: "Redis' network", unit: 'bytes/s', used: network.redis, limit: NETWORK_LIMIT },
    { name: "PostgreSQL's network", unit: 'bytes/s', used: network.postgres, limit: NETWORK_LIMIT },
  ];
  return {
    rates,
    processes,
    cores: used,
    connections,
    networkBytesPerSecond: network,
    walBytesPerSecond: bytes(({ walBytes }) => walBytes),
    megabytes: {
      api: apis * megabytes.api,
      workers: workers * megabytes.workers,
      redis: RULES.redisMegabytes + (redisData * RULES.redisTimes) / 2 ** 20,
      postgres: RULES.postgresMegabytes + connections * RULES.connectionMegabytes,
    },
    bounds: bounds.toSorted((a, b) => b.used / b.limit - a.used / a.limit),
  };
}

/** Where a sale that grows meets its first wall: the resource, and by how much visitors and seats are multiplied. */
export type Wall = { name: string; times: number };

/** A wall beyond this multiple is none. */
const MOST_TIMES = 1e6;

/**
 * The first wall of a sale whose visitors and seats grow alike, in the same seconds, with as many APIs and workers as
 * that needs. Below 1 the sale itself is beyond it.
 */
export function firstWall(figures: SaleFigures, sale: Sale, waiting: Waiting, cores: number): Wall | undefined {
  const fullest = (times: number) => {
    const grown = { ...sale, visitors: sale.visitors * times, seats: sale.seats * times };
    const [bound] = planOf(figures, grown, waiting, cores).bounds as [Bound, ...Bound[]];
    return { name: bound.name, isFull: bound.used > bound.limit };
  };
  let [low, high] = [0, 1];
  while (!fullest(high).isFull) {
    if (high > MOST_TIMES) return undefined;
    [low, high] = [high, high * 2];
  }
  while (high / Math.max(low, Number.MIN_VALUE) > 1.001) {
    const middle = (low + high) / 2;
    if (fullest(middle).isFull) high = middle;
    else low = middle;
  }
  return { name: fullest(high).name, times: high };
}

/** The model compared with a run that it was not built from. CPU in microseconds for each visitor or booking. */
export type Comparison = { name: string; processes: Processes; perSecond: number; measured: number; modelled: number };

export const comparisonsOf = (figures: SaleFigures): Comparison[] =>
  figures.rehearsals.map(({ name, apis, workers, rates, cores }) => {
    const perSecond = rates[name === 'visitors' ? 'visit' : 'booking'] ?? 0;
    const micros = (of: ByProcess) => (totalOf(of) / perSecond) * 1e6;
    const modelled = micros(coresOf(figures, rates, { apis, workers }));
    return { name, processes: { apis, workers }, perSecond, measured: micros(cores), modelled };
  });
