import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';

/*
 * The metrics of one process by Prometheus' conventions: units are seconds or bytes, and `_total` ends the name of a
 * counter. The rooms above register theirs with these helpers (shared/telemetry/metrics.ts).
 */

/** Milliseconds for which a reading serves every later request: metrics are read about once a second at the most. */
const READ_MS = 950;

/**
 * Milliseconds between two samples of the event loop's lag, which contain them: a timer that was on time shows as 0.05
 * s. prom-client's own 10 ms wake an idle process a hundred times a second, more often than all of its work.
 */
const LAG_SAMPLE_MS = 50;

/** Upper bounds of buckets in seconds, for single steps. */
export const STEP_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

const registry = new Registry();

export const contentType = registry.contentType;

/** A counter. It starts at 0 for each `known` value of its one label, so that the first increment shows as a rise. */
export function counter<Label extends string = never>(
  name: string,
  help: string,
  label?: Label,
  known: readonly string[] = [],
) {
  const created = counterWithLabels(name, help, ...(label === undefined ? [] : [label]));
  for (const value of known) created.inc({ [label as Label]: value } as Record<Label, string>, 0);
  return created;
}

/** A counter with several labels. It shows a combination of values from its first increment on. */
export const counterWithLabels = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
  new Counter<Label>({ name, help, labelNames, registers: [registry] });

/** A gauge. It is not shown before it is set: 0 would be a false value in a process that does not know it. */
export function gauge<Label extends string = never>(name: string, help: string, ...labelNames: Label[]) {
  const created = new Gauge({ name, help, labelNames, registers: [registry] });
  if (labelNames.length === 0) created.remove();
  return created;
}

/**
 * A histogram whose labels are bound once and which counts many observations in one call. prom-client's own looks its
 * labels up at each observation, which takes 1.4 µs, twenty times as long.
 */
export function histogram(name: string, help: string, bounds: readonly number[], ...labelNames: string[]) {
  type Child = { labels: Record<string, string>; counts: Float64Array; sum: number };
  const children = new Map<string, Child & { observe: (value: number, times?: number) => void }>();

  /** The child for these values of the labels, in their order. */
  function labels(...values: string[]) {
    const key = values.join('\n');
    const existing = children.get(key);
    if (existing !== undefined) return existing;
    const counts = new Float64Array(bounds.length + 1);
    const child = {
      labels: Object.fromEntries(labelNames.map((label, i) => [label, values[i] ?? ''])),
      counts,
      sum: 0,
      observe(value: number, times = 1): void {
        let bucket = 0;
        while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
        counts[bucket] = (counts[bucket] as number) + times;
        child.sum += value * times;
      },
    };
    children.set(key, child);
    return child;
  }

  async function get() {
    const values = [...children.values()].flatMap(({ labels, counts, sum }) => {
      let total = 0;
      const buckets = Array.from(counts, (count, i) => {
        total += count;
        return { metricName: `${name}_bucket`, labels: { ...labels, le: String(bounds[i] ?? '+Inf') }, value: total };
      });
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: total },
      ];
    });
    return { name, help, type: 'histogram', values, aggregator: 'sum' };
  }
  registry.registerMetric({ name, get } as unknown as Metric); // a registry calls nothing else of a metric
  return { labels };
}

type HistogramChild = ReturnType<ReturnType<typeof histogram>['labels']>;

/** Runs work and observes its duration where it succeeds. */
export async function timed<Result>(child: HistogramChild, work: () => Promise<Result>): Promise<Result> {
  const startedAt = performance.now();
  const result = await work();
  child.observe((performance.now() - startedAt) / 1000);
  return result;
}

/**
 * A function that sets the gauges of what all processes share, about once a second at the most, however often it is
 * called. The readers report their own faults, and take a second or two at the most.
 */
export const createGaugeRefresh = (readers: readonly (() => void | Promise<void>)[] = []): (() => Promise<void>) =>
  atMostOnceASecond(async () => {
    await Promise.all(readers.map((read) => read()));
  });

/** The page that Prometheus reads. It is rendered about once a second at the most, after `refreshGauges`. */
export function createMetricsPage(refreshGauges: () => Promise<void> = createGaugeRefresh()): () => Promise<string> {
  if (registry.getSingleMetric('process_cpu_seconds_total') === undefined)
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_SAMPLE_MS });
  return atMostOnceASecond(async () => {
    await refreshGauges();
    return registry.metrics();
  });
}

/** Runs work once for all callers while it is under way, and for `READ_MS` after. */
function atMostOnceASecond<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let last: Promise<Result> | undefined;
  let isWorking = false;
  let doneAt = Number.NEGATIVE_INFINITY;

  async function begin(): Promise<Result> {
    isWorking = true;
    try {
      return await work();
    } finally {
      isWorking = false;
      doneAt = performance.now();
    }
  }

  return () => {
    if (last === undefined || (!isWorking && performance.now() - doneAt > READ_MS)) last = begin();
    return last;
  };
}
