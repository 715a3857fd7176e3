/** What `npm run histories` asks for, by its environment; the suite plays two thousand, from a seed of fast-check's. */
export function historiesAsked() {
  const { HISTORIES, HISTORIES_SEED } = process.env;
  const asked = HISTORIES !== undefined;
  return {
    histories: asked ? Number(HISTORIES) : 2_000,
    /** Who asked for many can wait until a failing history is as short as it gets; the suite tells the first that it found. */
    options: asked ? { seed: Number(HISTORIES_SEED) } : { endOnFailure: true },
    /** Tells how far it is, where somebody waits for it. */
    tell(played: number): void {
      if (asked && played % 500 === 0) process.stderr.write(`  ${played} histories\n`);
    },
  };
}
