/** Number and seed of the rows to play: those of `npm run row-model`, by its environment, else 500 at random. */
export function rowCount() {
  const { ROW_MODEL_ROWS, ROW_MODEL_SEED } = process.env;
  const isCommand = ROW_MODEL_ROWS !== undefined;
  let reported = 0;
  return {
    rows: isCommand ? Number(ROW_MODEL_ROWS) : 500,
    /** Rows of a zone at most: the command plays large houses, of which a row costs less; the suite small ones. */
    mostRows: isCommand ? 60 : 6,
    options: isCommand ? { seed: Number(ROW_MODEL_SEED) } : {},
    /** Reports the progress of the command. */
    progress(played: number): void {
      if (!isCommand || played - reported < 5_000) return;
      reported = played;
      process.stderr.write(`  ${played} rows\n`);
    },
  };
}
