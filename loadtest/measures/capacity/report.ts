import { markdownTable } from '../../kit/report.ts';
import { buyersOf, CONNECTIONS, type Comparison, type Plan, POLLS, RULES, type Sale, type Wall } from './model.ts';

const whole = (value: number): string => Math.round(value).toLocaleString('en');

/** A number with two digits or so: 0.042, 1.3, 540. */
const short = (value: number): string => (value >= 100 ? whole(value) : String(Number(value.toPrecision(2))));

const gigabytes = (megabytes: number): string => `${short(megabytes / 1_024)} GiB`;
const gigabits = (bytesPerSecond: number): string => `${short((bytesPerSecond * 8) / 1e9)} Gbit/s`;

type Row = [label: string, cell: (plan: PlanWithMicros) => string];

/** A plan, with the CPU for each visitor and booking in microseconds. */
type PlanWithMicros = Plan & { micros: { visitor: number; booking: number } };

/** @param cores of each machine */
const rowsFor = (cores: number): readonly Row[] => [
  ['visits/s, turns among them', ({ rates }) => whole((rates.visit ?? 0) + (rates.cachedVisit ?? 0))],
  ['polls/s, or reads of the line', ({ rates }) => whole((rates.poll ?? 0) + (rates.line ?? 0))],
  ['bookings/s', ({ rates }) => whole(rates.booking ?? 0)],
  ['API processes', ({ processes }) => whole(processes.apis)],
  ['- cores in use', (plan) => short(plan.cores.api)],
  ['worker processes', ({ processes }) => whole(processes.workers)],
  ['- cores in use', (plan) => short(plan.cores.workers)],
  ['shards of Redis', (plan) => whole(Math.ceil(plan.cores.redis / RULES.plannedShare))],
  ['- cores in use', (plan) => short(plan.cores.redis)],
  ['PostgreSQL, cores in use', (plan) => short(plan.cores.postgres)],
  ['- connections', ({ connections }) => whole(connections)],
  ['- write-ahead log, MB/s', ({ walBytesPerSecond }) => short(walBytesPerSecond / 1e6)],
  ['CPU of a visitor, µs', ({ micros }) => whole(micros.visitor)],
  ['CPU of a booking, µs', ({ micros }) => whole(micros.booking)],
  [`machines of ${cores} cores`, (plan) => whole(machinesFor(plan, cores))],
  ['memory of all APIs', ({ megabytes }) => gigabytes(megabytes.api)],
  ['- of all workers', ({ megabytes }) => gigabytes(megabytes.workers)],
  ['- of Redis', ({ megabytes }) => gigabytes(megabytes.redis)],
  ['- of PostgreSQL', ({ megabytes }) => gigabytes(megabytes.postgres)],
  ['network at the entrance', ({ networkBytesPerSecond }) => gigabits(networkBytesPerSecond.clients)],
  ['- of Redis', ({ networkBytesPerSecond }) => gigabits(networkBytesPerSecond.redis)],
  ['- of PostgreSQL', ({ networkBytesPerSecond }) => gigabits(networkBytesPerSecond.postgres)],
];

/** APIs and workers have a core each, a shard one and another for its disk; PostgreSQL has machines of its own. */
function machinesFor({ processes, cores }: Plan, each: number): number {
  const shards = Math.ceil(cores.redis / RULES.plannedShare);
  const programs = Math.ceil((processes.apis + processes.workers + 2 * shards) / each);
  return programs + Math.ceil(cores.postgres / RULES.plannedShare / each);
}

/** The need of a sale as a Markdown table, a column for each way to wait. */
export const planTable = (plans: Record<string, PlanWithMicros>, cores: number): string =>
  markdownTable(
    ['the busiest second', ...Object.keys(plans)],
    rowsFor(cores).map(([label, cell]) => [label, ...Object.values(plans).map(cell)]),
  );

/** The first wall in a sentence. */
export function wallLine(way: string, wall: Wall | undefined, { visitors, seats, withinSeconds }: Sale): string {
  if (wall === undefined) return `${way}: none`;
  const size = `${roundDown(visitors * wall.times)} visitors and ${roundDown(seats * wall.times)} seats`;
  const beyond = wall.times < 1 ? ' This sale is beyond it.' : '';
  return `${way}: ${wall.name}, at ${size} within ${withinSeconds} s.${beyond}`;
}

/** Two digits: more would be false precision. */
function roundDown(value: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1);
  return (Math.floor(value / unit) * unit).toLocaleString('en');
}

/** The comparison of the model with the runs that it was not built from, one a line. */
export const comparisonLines = (comparisons: readonly Comparison[]): string =>
  comparisons
    .map(({ name, processes, perSecond, measured, modelled }) => {
      const each = name === 'visitors' ? 'visitor' : 'booking';
      const run = `${whole(perSecond)} a second on ${processes.apis} APIs and ${processes.workers} workers`;
      const error = (modelled / measured - 1) * 100;
      const figures = `measured ${whole(measured)} µs, by the model ${whole(modelled)} µs`;
      return `  CPU of a ${each}, ${run}: ${figures} (${error < 0 ? '' : '+'}${error.toFixed(0)}%)`;
    })
    .join('\n');

/** The grounds of the figures. */
export function assumptionsOf(sale: Sale, machine: string): string {
  const buyers = whole(buyersOf(sale));
  const planned = `${RULES.plannedShare * 100}%`;
  const { seatsEach, fewest, networkGigabits, redisTimes, redisMegabytes, postgresMegabytes, connectionMegabytes } =
    RULES;
  return `Measured by \`npm run bench\` (${machine}):
  CPU of each process for each step of a sale, at several rates; bytes on the network, of PostgreSQL's log and in
  Redis' memory; memory of an API and a worker; idle processes.
Derived:
  All visitors come, and all seats are sold, within ${sale.withinSeconds} s, evenly; ${buyers} visitors get seats.
  A visit is two pages (the event, then the waiting room), their assets and joining; a turn counts as one more.
  A booking is a hold and the order that pays for it.
  Visitors who wait poll every ${POLLS.farSeconds} s, and near the front ${POLLS.perTurn} times for each who is called.
  With a cache the line reaches an API once a second, and assets of pages never.
  CPU at a rate lies on the line between measured rates: at low rates batches are small, and a request costs more.
  ${CONNECTIONS.api} connections to PostgreSQL for each API, ${CONNECTIONS.worker} for each worker, as by default.
Rules of thumb:
  ${seatsEach} seats a buyer.
  ${planned} of a core or network is planned; ${fewest} processes of a kind at least.
  A network of ${networkGigabits} Gbit/s, without what TCP and TLS add. One event is in one shard: one thread of Redis.
  Redis needs ${redisTimes} times its data and ${redisMegabytes} MB.
  PostgreSQL needs ${postgresMegabytes} MB, and ${connectionMegabytes} MB for each connection.
Not in it:
  WebSockets of buyers and watchers, cheats and abuse, TLS, the cache or CDN itself, backups, replicas, reports.`;
}
