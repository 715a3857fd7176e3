import { parseArgs } from 'node:util';
import type { HerdView } from '../../shared/contract/herd.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { exitOnStartFault } from '../../shared/platform/shutdown.ts';
import { type HerdResult, runHerd } from '../kit/herd.ts';
import { holds, openSystem, type Verdict } from '../kit/herd-verdict.ts';
import { wholeOf } from '../kit/options.ts';
import { createRandom } from '../kit/random.ts';
import { mixedWish } from '../kit/seat-wishes.ts';
import { percentile } from '../kit/statistics.ts';
import { findTarget } from '../kit/target.ts';

const HELP = `npm run herd -- [options]

Sends a herd of mixed requests to a running Frontrow, follows every ticket to its outcome, then holds PostgreSQL, Redis and
what the clients were told against each other. Ends with 1 where a promise is broken.

  --requests N      requests to send                         (default 40000)
  --connections N   connections, each with one request open  (default 256)
  --poll            follow by long polls instead of WebSocket
  --seed N          what the random wishes are made from     (default: from the clock, printed)
  --json            progress and the end as lines of JSON (shared/contract/herd.ts)
  --url URL         the API's address, once for each API  (default: what runs on DATA_DIR)
                    PostgreSQL and Redis are those that run on DATA_DIR, else DATABASE_URL and REDIS_URL
  --help`;

type Options = {
  requests: number;
  connections: number;
  poll: boolean;
  json: boolean;
  seed: number;
  urls: string[] | undefined;
};

function readOptions(): Options | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: {
      requests: text,
      connections: text,
      seed: text,
      url: { ...text, multiple: true },
      poll: flag,
      json: flag,
      help: { ...flag, short: 'h' },
    },
  });
  if (values.help) return undefined;
  const whole = wholeOf(values);
  return {
    requests: whole('requests', 40_000, 1, 10_000_000),
    connections: whole('connections', 256, 1, 20_000),
    seed: whole('seed', Date.now() % 1_000_000, 1, 4_294_967_295),
    poll: values.poll,
    json: values.json,
    urls: values.url,
  };
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return void console.log(HELP);
  const target = findTarget(options.urls);
  const { urls } = target;
  const log = createLogger({ LOG_LEVEL: 'warn' }, 'herd');
  const system = await openSystem({ ...target, log });
  try {
    const house = await system.house();
    const size = {
      zones: house.zones.length,
      rows: house.zones[0]?.rows ?? 1,
      seatsPerRow: house.zones[0]?.seatsPerRow ?? 1,
    };
    const bookingsBefore = await system.countBookings();
    const { requests, connections, poll, json, seed } = options;
    const say = json ? () => undefined : console.log;
    say(`${requests} requests over ${connections} connections to ${urls.join(', ')} (seed ${seed})`);
    const random = createRandom(seed);
    const wish = () => mixedWish(random, size);
    const onProgress = json ? tellProgress(requests) : showProgress(requests);
    const result = await runHerd({ urls, wish, requests, connections, poll, onProgress });
    say('Holding PostgreSQL, Redis and what clients were told against each other ...');
    const verdict = await system.verify(result, bookingsBefore);
    say(`${reportOf(result)}\n${verdictOf(verdict)}`);
    if (json) tell(endOf(requests, result, verdict));
    process.exitCode = holds(verdict) ? 0 : 1;
  } finally {
    await system.close();
  }
}

/** One line that is written over on a terminal; elsewhere a line every so often. */
function showProgress(requests: number) {
  return ({ answered, accepted, settled }: { answered: number; accepted: number; settled: number }) => {
    const line = `  answered ${answered} of ${requests}   accepted ${accepted}   with an outcome ${settled}`;
    process.stderr.write(process.stderr.isTTY ? `\r${line}` : `${line}\n`);
    if (process.stderr.isTTY && answered === requests && settled === accepted) process.stderr.write('\n');
  };
}

const tell = (view: HerdView) => console.log(JSON.stringify(view));

/** The same for a program. */
function tellProgress(buyers: number) {
  return (state: { answered: number; accepted: number; settled: number }) =>
    tell({
      status: state.answered === buyers && state.settled === state.accepted ? 'checking' : 'running',
      buyers,
      ...state,
    });
}

function endOf(buyers: number, result: HerdResult, { broken }: Verdict): HerdView {
  const { accepted, refused, noAnswer, outcomes, settleSeconds } = result;
  const codes = new Map(refused);
  for (const { code } of outcomes.values()) if (code) codes.set(code, (codes.get(code) ?? 0) + 1);
  return {
    status: 'done',
    buyers,
    answered: buyers - noAnswer,
    accepted,
    settled: outcomes.size,
    seconds: settleSeconds,
    booked: [...outcomes.values()].filter(({ booking }) => booking !== undefined).length,
    refused: Object.fromEntries(codes),
    soldTwice: broken.soldTwice.length,
    withoutOutcome: broken.withoutOutcome.length,
    notAsTold: broken.notAsTold.length + broken.unexpected.length,
    differences: broken.differences.length,
  };
}

const ms = (values: number[], share: number) => `${percentile(values, share).toFixed(1)} ms`;

function reportOf(result: HerdResult): string {
  const { outcomes, refused, accepted, noAnswer, acceptMs, outcomeMs, sendSeconds, settleSeconds } = result;
  const booked = [...outcomes.values()].filter((view) => view.booking !== undefined).length;
  const byCode = new Map<string, number>();
  for (const { code } of outcomes.values()) if (code) byCode.set(code, (byCode.get(code) ?? 0) + 1);
  const list = (codes: Map<string, number>) => [...codes].map(([code, n]) => `${code} ${n}`).join(', ') || 'none';
  return `
  accepted            ${accepted}
  booked              ${booked}
  rejected            ${list(byCode)}
  refused at the door ${list(refused)}
  no answer           ${noAnswer}
  requests/s          ${(acceptMs.length / sendSeconds).toFixed(0)}
  bookings/s          ${(booked / settleSeconds).toFixed(0)}
  outcomes/s          ${(outcomes.size / settleSeconds).toFixed(0)}
  time to accept      p50 ${ms(acceptMs, 0.5)}, p99 ${ms(acceptMs, 0.99)}
  time to outcome     p50 ${ms(outcomeMs, 0.5)}, p99 ${ms(outcomeMs, 0.99)}`;
}

function verdictOf({ broken, bookedUntold, audit }: Verdict): string {
  const line = (name: string, list: string[]) =>
    `  ${name.padEnd(32)}${list.length}${list
      .slice(0, 5)
      .map((item) => `\n      ${item}`)
      .join('')}`;
  return `
  seats in PostgreSQL, in Redis   ${audit.seatsInPostgres}, ${audit.seatsInRedis}
  booked, nobody here was told    ${bookedUntold}
${line('answers that ought not to be', broken.unexpected)}
${line('sold twice', broken.soldTwice)}
${line('accepted, without an outcome', broken.withoutOutcome)}
${line('not as the client was told', broken.notAsTold)}
${line('PostgreSQL and Redis differ', broken.differences)}
`;
}

await main().catch(exitOnStartFault);
