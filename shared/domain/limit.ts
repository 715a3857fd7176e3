/** Runs at most `max` pieces of work at once. Further ones wait, the first come first. */
export function createLimit(max: number) {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async function run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (running >= max) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift(); // it takes this one's place
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

export type Limit = ReturnType<typeof createLimit>;
