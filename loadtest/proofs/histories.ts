import { command, number, seed } from '../kit/command.ts';
import { playTest } from '../kit/play-test.ts';

/** The largest seed of fast-check. */
const MAX = 2_147_483_647;

const TEST = ['tests/invariants/histories', 'have the outcomes of the model'] as const;

await command({
  name: 'histories',
  summary: `Plays random histories of holds, sales, changes, exchanges, returns, orders in time and late, refunds,
expiry and retries, 250 side by side, and ends or cancels the event of every second 250 in the middle.
Compares each outcome, all seats, orders and counts of buyers, and the changes that each booking records with a model
(tests/support/booking-model.ts, order-model.ts). A history that differs is shortened and printed.`,
  options: {
    histories: number('histories to play, in steps of 500', 10_000, { max: MAX }),
    seed: seed('seed of the histories', MAX),
  },
  async run({ histories, seed: historySeed }) {
    console.log(`${histories} histories (seed ${historySeed})`);
    return playTest(...TEST, { HISTORIES: String(histories), HISTORIES_SEED: String(historySeed) });
  },
});
