import { command, number, seed } from '../kit/command.ts';
import { playTest } from '../kit/play-test.ts';

/** The largest seed of fast-check. */
const MAX = 2_147_483_647;

const TEST = ['tests/invariants/house-model', 'as the model sells them'] as const;

await command({
  name: 'row-model',
  summary: `Sells random houses with gaps, categories, accessible seats and areas: runs, exact seats, split groups and
ranked wishes, and frees some again. Compares each decision of the claim script with a model that says the rules again
(tests/support/house-model.ts). A house that differs is shortened and printed.`,
  options: {
    rows: number('rows to sell, at least', 100_000, { max: MAX }),
    seed: seed('seed of the houses', MAX),
  },
  async run({ rows, seed: houseSeed }) {
    console.log(`${rows} rows (seed ${houseSeed})`);
    return playTest(...TEST, { ROW_MODEL_ROWS: String(rows), ROW_MODEL_SEED: String(houseSeed) });
  },
});
