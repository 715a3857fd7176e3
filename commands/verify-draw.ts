import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { drawView, receipt } from '../shared/contract/waiting-room.ts';
import { chainAfter, commitmentOf, linkOfNonce } from '../shared/domain/draw.ts';
import { createOrder } from '../shared/domain/drawn-order.ts';

const HELP = `npm run verify-draw -- --url http://127.0.0.1:3000 --event 1 --arrival 17
npm run verify-draw -- --seed <hex> --chain <hex> --people 5000 --arrival 17 [--commitment <hex>]

Recomputes the position of an arrival number from the values of an event's draw: from its API, or from these options.
The commitment is published before the sale: note it then, and pass it here.
--receipt FILE  the "receipt" of the answer to joining: checks that its nonce is in the chain's link, and takes the
                arrival number from it
docs/waiting-room.md describes the algorithm, so that you need not trust this program.`;

const hex = z.string().regex(/^[0-9a-f]{64}$/i, '64 hexadecimal digits');
const whole = z.coerce.number().int().min(1);
const drawOptions = z.object({ seed: hex, chain: hex, people: whole, commitment: hex.optional() });

async function main(): Promise<boolean> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      url: text,
      event: text,
      arrival: text,
      seed: text,
      chain: text,
      people: text,
      commitment: text,
      receipt: text,
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(HELP);
    return true;
  }
  const ownReceipt =
    values.receipt === undefined ? undefined : receipt.parse(JSON.parse(readFileSync(values.receipt, 'utf8')));
  const arrival = whole.parse(values.arrival ?? ownReceipt?.arrival);
  const draw = drawOptions.parse(values.url === undefined ? values : await fetchDraw(values.url, values.event ?? '1'));

  let isRight = true;
  const report = (holds: boolean, claim: string) => {
    console.log(`${holds ? 'right' : 'WRONG'}  ${claim}`);
    isRight = isRight && holds;
  };
  const commitment = values.commitment ?? draw.commitment;
  if (commitment !== undefined)
    report(commitmentOf(draw.seed) === commitment, 'the seed has the hash that was published before');
  if (ownReceipt !== undefined) {
    const { nonce, path, link, chainBefore, chain } = ownReceipt;
    report(linkOfNonce(nonce, path) === link, 'the nonce of the receipt is in its link');
    report(chainAfter(chainBefore, link) === chain, 'the link leads from the chain before to the chain after');
  }
  console.log(`arrival ${arrival} of ${draw.people} has position ${createOrder(draw)(arrival)}`);
  return isRight;
}

async function fetchDraw(url: string, event: string): Promise<z.infer<typeof drawView>> {
  const response = await fetch(new URL(`/api/events/${event}/waiting-room/draw`, url));
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const draw = drawView.parse(await response.json());
  if (!draw.drawn) throw new Error('nothing has been drawn yet');
  return draw;
}

try {
  if (!(await main())) process.exitCode = 1;
} catch (fault) {
  console.error(fault instanceof z.ZodError ? `${z.prettifyError(fault)}\n\n${HELP}` : (fault as Error).message);
  process.exitCode = 2;
}
