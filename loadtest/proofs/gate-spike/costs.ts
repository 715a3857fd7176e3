import { cpuSeconds, ownCpuSeconds } from '../../kit/processes.ts';

/** Processes by what they are; this one is the crowd. */
type Parts = Record<string, number[]>;

/** CPU seconds of each part so far. */
const used = (parts: Parts): Record<string, number> => ({
  ...Object.fromEntries(
    Object.entries(parts).map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)]),
  ),
  visitors: ownCpuSeconds(),
});

/** CPU seconds of each part, and the seconds, of one phase of a run. */
export type Phase = { seconds: number; cpu: Record<string, number> };

/** Measures the phases of a run, one after the other. */
export function measurePhases(parts: Parts) {
  let [startedAt, before] = [performance.now(), used(parts)];
  return {
    /** The phase from the last call, or the beginning, until now. */
    next(): Phase {
      const now = used(parts);
      const cpu = Object.fromEntries(Object.entries(now).map(([name, value]) => [name, value - (before[name] ?? 0)]));
      const seconds = (performance.now() - startedAt) / 1000;
      [startedAt, before] = [performance.now(), now];
      return { seconds, cpu };
    },
  };
}
