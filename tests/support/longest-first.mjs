// The order in which Jest starts test files. By itself it goes by their sizes, so that the longest, which run a command
// in a few lines, would come last and run alone.
import { statSync } from 'node:fs';

/** Files that take longest, the first most. */
const LONGEST = [
  'rolling-upgrade',
  'chaos',
  'shards',
  'load-tests',
  'histories',
  'stalled-worker',
  'plans',
  'audit-commands',
  'idle',
  'instructions',
  'archive',
  'alerts',
  'order-kills',
  'rolling-restart',
  'client-room',
  'redis-cluster',
  'client-line',
  'client-server',
  'client-faults',
  'buyer-page',
  'pipeline',
  'waiting-room',
  'alternatives',
  'operator-page',
  'wait-page',
  'row-model',
];

const rank = ({ path }) => {
  const at = LONGEST.findIndex((name) => path.endsWith(`/${name}.test.ts`));
  return at < 0 ? LONGEST.length : at;
};

export default class LongestFirst {
  sort(tests) {
    const files = tests.map((test) => ({ test, rank: rank(test), bytes: statSync(test.path).size }));
    return files.sort((a, b) => a.rank - b.rank || b.bytes - a.bytes).map(({ test }) => test);
  }

  /** Jest calls it with the durations of a run, which are not kept. */
  cacheResults() {}
}
