/** Problems that are listed; further ones are counted. */
const MAX_LISTED = 20;

/** A plan that cannot be imported. Its message has a line for each problem. */
export class PlanError extends Error {}

/** Collects the problems of a plan, so that a user learns all of them at once. */
export function createProblems() {
  const listed: string[] = [];
  let count = 0;
  return {
    /**
     * @param at a line or a path of the file, or an option
     * @param problem begins with the field
     */
    add(at: string, problem: string): void {
      count += 1;
      if (listed.length < MAX_LISTED) listed.push(at === '' ? problem : `${at}: ${problem}`);
    },

    /** @throws PlanError with what was added */
    throwIfAny(): void {
      if (count === 0) return;
      const more = count > listed.length ? [`... and ${count - listed.length} more`] : [];
      throw new PlanError(['The plan cannot be imported:', ...listed, ...more].join('\n'));
    },
  };
}

export type Problems = ReturnType<typeof createProblems>;
