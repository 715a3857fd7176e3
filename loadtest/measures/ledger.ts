import { command, flag, number } from '../kit/command.ts';
import { figureLines } from '../kit/report.ts';
import { compareWithCommitted } from './committed-figures.ts';
import { BATCH_REQUESTS, STEPS } from './fixed-batches.ts';
import { measureRefusals, type Refusals } from './ledger/refusals.ts';
import { logBytesOf, measureTickets, type TicketBytes, withFixedHouse } from './ledger/tickets.ts';

const nameOf = ({ isKeyed }: Refusals) => (isKeyed ? 'refused with a key' : 'refused without a key');

/** The figures that are committed: bytes for each ticket. */
const figuresOf = (ticket: TicketBytes, refusals: readonly Refusals[]): Record<string, number> => ({
  ...Object.fromEntries(STEPS.map((step) => [`log of ${step}`, ticket.log[step]])),
  memory: ticket.memory,
  ...Object.fromEntries(
    refusals.map((refused) => [`memory, ${nameOf(refused)}`, Math.round(refused.bytes / refused.requests)]),
  ),
});

function printFigures(version: string, ticket: TicketBytes, refusals: readonly Refusals[]): void {
  const steps = STEPS.map((step) => `${step} ${ticket.log[step]}`).join(', ');
  const lines: [string, string][] = [
    ['append-only file, of a ticket', `${logBytesOf(ticket)} bytes (${steps})`],
    ['memory, of a ticket once settled', `${ticket.memory} bytes`],
  ];
  for (const refused of refusals) {
    const each = (refused.bytes / refused.requests).toFixed(0);
    const all = `${(refused.bytes / 2 ** 20).toFixed(1)} MiB in ${refused.records} records`;
    lines.push([`memory, ${refused.requests} ${nameOf(refused)}`, `${all}, ${each} bytes each`]);
  }
  console.log(`Redis ${version}\n${figureLines(lines)}`);
}

await command({
  name: 'bench:ledger',
  summary: `Runs fixed batches of tickets through accept, claim and settle, and prints the bytes that a ticket costs
Redis: in its append-only file, and in memory. Then it refuses a million requests without and a million with an
idempotency key, and shows the memory that they leave: at once, and after the ten minutes for which they are kept.`,
  options: {
    refused: number('requests to refuse, of each kind', 1_000_000, { min: BATCH_REQUESTS, max: 10_000_000 }),
    save: flag('commits the figures: writes them to loadtest/measures/ledger.json'),
  },
  notes: 'The figures are compared with the committed ones of the same version of the server, if there are any.',
  run: ({ refused, save }) =>
    withFixedHouse('ledger', async (stores, version) => {
      const ticket = await measureTickets(stores);
      const refusals = [await measureRefusals(stores, refused, false), await measureRefusals(stores, refused, true)];
      printFigures(version, ticket, refusals);
      const figures = figuresOf(ticket, refusals);
      const checks = compareWithCommitted({ file: 'ledger.json', version, figures, save });
      return [...checks, ...refusals.flatMap((one) => one.checks)];
    }),
});
