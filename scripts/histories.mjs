// `npm run histories -- [--histories 10000] [--seed N]`: random histories of holds, confirmations, extensions, cancellations,
// expiry and retries against the model in tests/support/booking-model.ts. A failing one is shortened and printed.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const HELP = `npm run histories -- [options]

Plays random histories of holds, confirmations, extensions, cancellations, expiry and retries, a hundred side by side, and
compares each outcome and all seats with a model. Exits with 1 where one differs, and prints it, shortened.

  --histories N   histories to play, in hundreds     (default 10000)
  --seed N        seed of the random generator       (default: from the clock, printed)
  --help`;

const text = { type: 'string' };
const { values } = parseArgs({ options: { histories: text, seed: text, help: { type: 'boolean', short: 'h' } } });
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
function whole(name, fallback) {
  const value = Number(values[name] ?? fallback);
  if (Number.isInteger(value) && value >= 1 && value <= 2_147_483_647) return value;
  console.error(`--${name}: a whole number from 1`);
  process.exit(1);
}
const histories = whole('histories', 10_000);
const seed = whole('seed', 1 + (Date.now() % 1_000_000));
console.log(`${histories} histories (seed ${seed})`);
const test = [
  join(import.meta.dirname, 'test.mjs'),
  'tests/invariants/histories',
  '-t',
  'have the outcomes of the model',
];
const env = { ...process.env, HISTORIES: String(histories), HISTORIES_SEED: String(seed) };
const { status } = spawnSync(process.execPath, test, { stdio: 'inherit', env });
process.exit(status ?? 1);
