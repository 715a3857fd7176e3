/** Milliseconds between tries: doubled each time, and half of it by chance. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

/** The longest that a browser's timer holds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

type Work = () => Promise<void>;

/** The one thing that is done next: at its time, or once more after a failure, later and later until there is an answer. */
export function createNext() {
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** What is tried again when the pause after a failure is over, and until when a server asked not to. */
  let failed: Work | undefined;
  let restUntilMs = 0;
  let failures = 0;

  function after(milliseconds: number, work: Work): void {
    clearTimeout(timer);
    timer = setTimeout(() => void work(), Math.min(MAX_TIMER_MS, milliseconds));
  }

  return {
    after,
    /** Does it once more; not before `leastMs` are over. */
    again(work: Work, leastMs = 0): void {
      const backoffMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.5 + Math.random() / 2);
      failures += 1;
      failed = work;
      restUntilMs = Date.now() + leastMs;
      // Its own work: an answer to something else may come before.
      after(Math.max(leastMs, backoffMs), () => {
        if (failed === work) failed = undefined;
        return work();
      });
    },
    /** There was an answer: nothing has failed. */
    answered(): void {
      failures = 0;
      failed = undefined;
    },
    /** Whether something waits to be tried again. It need not wait out a pause that is its own. */
    wake(): boolean {
      const work = failed;
      if (work === undefined) return false;
      if (Date.now() < restUntilMs) return true;
      clearTimeout(timer);
      failed = undefined;
      void work();
      return true;
    },
    /** Nothing is to be done next. */
    clear(): void {
      clearTimeout(timer);
      failed = undefined;
    },
  };
}
