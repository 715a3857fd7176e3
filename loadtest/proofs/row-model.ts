import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../shared/platform/root.ts';
import { command, number, seed } from '../kit/command.ts';

/** The largest seed of fast-check. */
const MAX = 2_147_483_647;

const TEST = ['tests/invariants/house-model', '-t', 'as the model sells them'];

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
    const env = { ...process.env, ROW_MODEL_ROWS: String(rows), ROW_MODEL_SEED: String(houseSeed) };
    const { status } = spawnSync(process.execPath, [join(projectRoot, 'scripts', 'test.mjs'), ...TEST], {
      stdio: 'inherit',
      env,
    });
    return status === 0;
  },
});
