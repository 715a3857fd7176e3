import type { Logger } from './logger.ts';
import { serverMetrics } from './server-metrics.ts';

/** Milliseconds without progress after which a loop counts as stalled, unless it sets its own. */
const STALLED_MS = 10_000;

/** Milliseconds between two checks. After a longer gap the whole process stood still, and no loop is to blame. */
const CHECK_MS = 1_000;
const GAP_MS = 3 * CHECK_MS;

/** Turns of one loop that may be given up and not have ended yet: past that the loop waits for one of them. */
const MAX_GIVEN_UP = 10;

type LoopOptions = {
  /** Milliseconds without progress after which it counts as stalled. */
  stalledMs?: number;
  /**
   * Whether this process can serve only while it turns. False where it waits for PostgreSQL, which serving does not
   * need.
   */
  isVital?: boolean;
  /** Makes it run again. Called when it stalls, and again after the same time for as long as it does. */
  restart?: () => void;
};

type Loop = { name: string; isVital: boolean; stalledMs: number; restart: () => void; progressAtMs: number };

/** A loop that has made no progress for so many seconds. */
export type StalledLoop = { name: string; seconds: number };

/**
 * The loops of one process. A loop can end, or wait for ever, without a visible fault: so each reports its progress
 * here, and a stalled one is logged, counted, shown, and restarted where that is possible.
 */
export function createLoops({ log }: { log: Logger }) {
  const loops = new Set<Loop>();
  const stalled = new Map<Loop, { sinceMs: number; restartedAtMs: number }>();
  let checkedAtMs = performance.now();

  function check(): void {
    const nowMs = performance.now();
    if (nowMs - checkedAtMs > GAP_MS) for (const loop of loops) loop.progressAtMs = nowMs;
    checkedAtMs = nowMs;
    for (const loop of loops) {
      const stall = stalled.get(loop);
      if (nowMs - loop.progressAtMs < loop.stalledMs) {
        if (stall !== undefined) recover(loop);
        continue;
      }
      if (stall !== undefined && nowMs - stall.restartedAtMs < loop.stalledMs) continue;
      stalled.set(loop, { sinceMs: stall?.sinceMs ?? loop.progressAtMs, restartedAtMs: nowMs });
      if (stall === undefined) serverMetrics.loopStalls.inc({ loop: loop.name });
      serverMetrics.loopsStalled.set({ loop: loop.name }, 1);
      log.error({ loop: loop.name, seconds: secondsSince(loop.progressAtMs) }, 'loop stalled: restarting it');
      loop.restart();
    }
  }

  function recover(loop: Loop): void {
    stalled.delete(loop);
    serverMetrics.loopsStalled.set({ loop: loop.name }, 0);
    log.warn({ loop: loop.name }, 'loop makes progress again');
  }

  const checking = setInterval(check, CHECK_MS);
  checking.unref();

  /** Watches a loop that runs elsewhere. It must report its progress more often than each `stalledMs`. */
  function watch(
    name: string,
    { stalledMs = STALLED_MS, isVital = true, restart = () => undefined }: LoopOptions = {},
  ) {
    const loop: Loop = { name, isVital, stalledMs, restart, progressAtMs: performance.now() };
    loops.add(loop);
    serverMetrics.loopsStalled.set({ loop: name }, 0);
    return {
      progress(): void {
        loop.progressAtMs = performance.now();
      },
      end(): void {
        loops.delete(loop);
        if (stalled.delete(loop)) serverMetrics.loopsStalled.set({ loop: name }, 0);
      },
    };
  }

  /**
   * Runs work every so many milliseconds, never twice at once: a turn that comes while the one before is under way is
   * left out. A turn that makes the loop stall is given up, and the next one begins beside it: the work must tolerate
   * that.
   *
   * @returns a function that ends it and waits for the turn under way
   */
  function repeat(
    name: string,
    everyMs: number,
    work: () => Promise<void>,
    onFault: (fault: Error) => void,
    options: Omit<LoopOptions, 'restart'> = {},
  ) {
    let turn: Promise<void> | undefined;
    let givenUp = 0;
    const restart = () => {
      if (turn === undefined || givenUp >= MAX_GIVEN_UP) return;
      givenUp += 1;
      void turn.finally(() => {
        givenUp -= 1;
      });
      turn = undefined;
    };
    const loop = watch(name, { stalledMs: everyMs + STALLED_MS, ...options, restart });
    const begin = () => {
      const begun = work()
        .catch(onFault)
        .finally(() => {
          if (turn !== begun) return; // it was given up
          turn = undefined;
          loop.progress();
        });
      turn = begun;
    };
    const timer = setInterval(() => {
      if (turn === undefined) begin();
    }, everyMs);
    return async (): Promise<void> => {
      clearInterval(timer);
      await turn;
      loop.end();
    };
  }

  return {
    watch,
    repeat,

    /** Loops that stand still now. */
    stalled: (): StalledLoop[] =>
      [...stalled].map(([{ name }, { sinceMs }]) => ({ name, seconds: secondsSince(sinceMs) })),

    /** Whether all loops run that this process needs to serve. */
    areVitalTurning: (): boolean => ![...stalled.keys()].some(({ isVital }) => isVital),

    close: () => clearInterval(checking),
  };
}

const secondsSince = (atMs: number): number => Math.round((performance.now() - atMs) / 1000);

export type Loops = ReturnType<typeof createLoops>;
