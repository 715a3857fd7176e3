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

  function tryAgain(): Promise<void> {
    const work = failed;
    failed = undefined;
    return work?.() ?? Promise.resolve();
  }

  return {
    after,
    /** Does it once more; not before `leastMs` are over. */
    again(work: Work, leastMs = 0): void {
      const backoffMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.5 + Math.random() / 2);
      failures += 1;
      failed = work;
      restUntilMs = Date.now() + leastMs;
      after(Math.max(leastMs, backoffMs), tryAgain);
    },
    /** There was an answer: nothing has failed. */
    answered(): void {
      failures = 0;
      failed = undefined;
    },
    /** Whether something waits to be tried again. It need not wait out a pause that is its own. */
    wake(): boolean {
      if (failed === undefined) return false;
      if (Date.now() < restUntilMs) return true;
      clearTimeout(timer);
      void tryAgain();
      return true;
    },
    /** Nothing is to be done next. */
    clear(): void {
      clearTimeout(timer);
      failed = undefined;
    },
  };
}
