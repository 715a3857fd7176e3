import type { Logger } from './logger.ts';
import { serverMetrics } from './server-metrics.ts';

/** Milliseconds without progress after which a loop counts as stalled, unless it sets its own. */
const STALLED_MS = 10_000;

/** Milliseconds between two checks. After a longer gap the whole process stood still, and no loop is to blame. */
const CHECK_MS = 1_000;
const GAP_MS = 3 * CHECK_MS;

/** Turns of one loop that may be abandoned and still under way: past that the loop waits for one of them. */
const MAX_ABANDONED = 10;

type LoopOptions = {
  /** Milliseconds without progress after which it counts as stalled. */
  stalledMs?: number;
  /** Whether this process needs it to serve. False where it waits for PostgreSQL, which serving does not need. */
  isVital?: boolean;
  /** Makes it run again. Called when it stalls, and again after the same time for as long as it does. */
  restart?: () => void;
};

/** A loop is turning until it makes no progress for `stalledMs`, then stalled until it makes progress again. */
type Loop = {
  name: string;
  isVital: boolean;
  stalledMs: number;
  restart: () => void;
  progressAtMs: number;
  /** Set while it is stalled. */
  stall: { sinceMs: number; restartedAtMs: number } | undefined;
};

/** A loop that has made no progress for so many seconds. */
export type StalledLoop = { name: string; seconds: number };

/**
 * The loops of one process. A loop can end, or wait for ever, without a visible fault: so each reports its progress
 * here, and a stalled one is logged, counted, shown, and restarted where that is possible.
 */
export function createLoops({ log }: { log: Logger }) {
  const loops = new Set<Loop>();
  let checkedAtMs = performance.now();

  function checkAll(): void {
    const nowMs = performance.now();
    const stoodStill = nowMs - checkedAtMs > GAP_MS;
    checkedAtMs = nowMs;
    for (const loop of loops) {
      if (stoodStill) loop.progressAtMs = nowMs;
      check(loop, nowMs, log);
    }
  }

  const checking = setInterval(checkAll, CHECK_MS);
  checking.unref();

  /** Watches a loop that runs elsewhere. It must report its progress more often than each `stalledMs`. */
  function watch(name: string, options: LoopOptions = {}) {
    const { stalledMs = STALLED_MS, isVital = true, restart = () => undefined } = options;
    const loop: Loop = { name, isVital, stalledMs, restart, progressAtMs: performance.now(), stall: undefined };
    loops.add(loop);
    serverMetrics.loopsStalled.set({ loop: name }, 0);
    return {
      progress(): void {
        loop.progressAtMs = performance.now();
      },
      end(): void {
        loops.delete(loop);
        if (loop.stall !== undefined) serverMetrics.loopsStalled.set({ loop: name }, 0);
      },
    };
  }

  const stalledLoops = (): Loop[] => [...loops].filter(({ stall }) => stall !== undefined);

  return {
    watch,

    /**
     * Runs work at an interval, never twice at once: a turn that is due while the previous one is under way is left
     * out. A turn that makes the loop stall is abandoned, and the next one begins beside it: the work must tolerate
     * that.
     *
     * @param everyMs the interval; a function is called for each one, and may return a longer one while nothing waits
     * @returns a function that ends the loop and waits for the turn under way
     */
    repeat(
      name: string,
      everyMs: number | (() => number),
      work: () => Promise<void>,
      onFault: (fault: Error) => void,
      options: Omit<LoopOptions, 'restart'> = {},
    ) {
      const nextMs = typeof everyMs === 'function' ? everyMs : () => everyMs;
      const stalledMs = nextMs() + STALLED_MS;
      const watchTurns = (restart: () => void) => watch(name, { stalledMs, ...options, restart });
      return repeatWork({ nextMs, work, onFault, watchTurns });
    },

    /** Loops that are stalled now. */
    stalled: (): StalledLoop[] =>
      stalledLoops().map(({ name, stall }) => ({ name, seconds: secondsSince(stall?.sinceMs ?? 0) })),

    /** Whether all loops turn that this process needs to serve. */
    areVitalTurning: (): boolean => !stalledLoops().some(({ isVital }) => isVital),

    close: () => clearInterval(checking),
  };
}

export type Loops = ReturnType<typeof createLoops>;

/** Moves a loop between turning and stalled, and restarts a stalled one each `stalledMs`. */
function check(loop: Loop, nowMs: number, log: Logger): void {
  const { name, stall, stalledMs, progressAtMs } = loop;
  if (nowMs - progressAtMs < stalledMs) {
    if (stall === undefined) return;
    loop.stall = undefined;
    serverMetrics.loopsStalled.set({ loop: name }, 0);
    log.warn({ loop: name }, 'loop makes progress again');
    return;
  }
  if (stall !== undefined && nowMs - stall.restartedAtMs < stalledMs) return;
  loop.stall = { sinceMs: stall?.sinceMs ?? progressAtMs, restartedAtMs: nowMs };
  if (stall === undefined) serverMetrics.loopStalls.inc({ loop: name });
  serverMetrics.loopsStalled.set({ loop: name }, 1);
  log.error({ loop: name, seconds: secondsSince(progressAtMs) }, 'loop stalled: restarting it');
  loop.restart();
}

function repeatWork(deps: {
  nextMs: () => number;
  work: () => Promise<void>;
  onFault: (fault: Error) => void;
  watchTurns: (restart: () => void) => ReturnType<Loops['watch']>;
}) {
  const { nextMs, work, onFault, watchTurns } = deps;
  /** The turn under way that counts; an abandoned one does not. */
  let turn: Promise<void> | undefined;
  let abandoned = 0;

  const loop = watchTurns(function abandonTurn(): void {
    if (turn === undefined || abandoned >= MAX_ABANDONED) return;
    abandoned += 1;
    void turn.finally(() => {
      abandoned -= 1;
    });
    turn = undefined;
  });

  function beginTurn(): void {
    const begun = work()
      .catch(onFault)
      .finally(() => {
        if (turn !== begun) return; // it was abandoned
        turn = undefined;
        loop.progress();
      });
    turn = begun;
  }

  let timer = setTimeout(begin, nextMs());
  function begin(): void {
    timer = setTimeout(begin, nextMs());
    if (turn === undefined) beginTurn();
  }

  return async (): Promise<void> => {
    clearTimeout(timer);
    await turn;
    loop.end();
  };
}

const secondsSince = (atMs: number): number => Math.round((performance.now() - atMs) / 1000);
