/**
 * Does something every so many milliseconds, never twice at once: a turn that comes while the one before is under way is left out.
 *
 * @returns a function that ends it and waits for what is under way
 */
export function repeat(everyMs: number, work: () => Promise<void>, onFault: (fault: Error) => void) {
  let working: Promise<void> | undefined;
  const timer = setInterval(() => {
    working ??= work()
      .catch(onFault)
      .finally(() => {
        working = undefined;
      });
  }, everyMs);
  return async (): Promise<void> => {
    clearInterval(timer);
    await working;
  };
}
