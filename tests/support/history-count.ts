/** Number and seed of the histories to play: those of `npm run histories`, by its environment, else 1,000 at random. */
export function historyCount() {
  const { HISTORIES, HISTORIES_SEED } = process.env;
  const isCommand = HISTORIES !== undefined;
  return {
    histories: isCommand ? Number(HISTORIES) : 1_000,
    /** The command shortens a failing history as far as possible; the suite reports the first one it finds. */
    options: isCommand ? { seed: Number(HISTORIES_SEED) } : { endOnFailure: true },
    /** Reports the progress of the command. */
    progress(played: number): void {
      if (isCommand && played % 500 === 0) process.stderr.write(`  ${played} histories\n`);
    },
  };
}
