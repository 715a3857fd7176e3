import type { HerdView } from '../../shared/contract/herd.ts';
import { DEFAULT_EVENT, MAX_INTEGER } from '../../shared/contract/ids.ts';
import type { Zone } from '../../shared/domain/house.ts';
import { command, flag, number, optionalNumber, seed, UsageError, urls } from '../kit/command.ts';
import { type HerdProgress, type HerdResult, payForHolds, runHerd } from '../kit/herd.ts';
import { countBookings, type HerdVerdict, herdChecks, verifyHerd } from '../kit/herd-verdict.ts';
import { createRandom } from '../kit/random.ts';
import { allHeld, type Check, figureLines, ms, noneOf } from '../kit/report.ts';
import { lateWish, wishIn } from '../kit/seat-wishes.ts';
import { openStores, type Stores } from '../kit/stores.ts';
import { createTally, wordsOf } from '../kit/tally.ts';
import { findTarget } from '../kit/target.ts';

/** The share of a herd that comes late, and wishes for a single seat. */
const LATE_SHARE = 0.1;

async function zonesOf({ events }: Stores, eventId: number): Promise<readonly Zone[]> {
  const house = await events.readHouse(eventId);
  if (house === undefined) throw new UsageError(`--event: there is no event ${eventId}`);
  return house.zones;
}

/** Prints progress: one line that changes on a terminal, several lines elsewhere. */
function showProgress(requests: number, { answered, accepted, settled }: HerdProgress): void {
  const line = `  answered ${answered} of ${requests}   accepted ${accepted}   with an outcome ${settled}`;
  process.stderr.write(process.stderr.isTTY ? `\r${line}` : `${line}\n`);
  if (process.stderr.isTTY && answered === requests && settled === accepted) process.stderr.write('\n');
}

const printView = (view: HerdView) => console.log(JSON.stringify(view));

function printProgressView(buyers: number, progress: HerdProgress): void {
  const isSettled = progress.answered === buyers && progress.settled === progress.accepted;
  printView({ status: isSettled ? 'checking' : 'running', buyers, ...progress });
}

const bookedIn = ({ outcomes }: HerdResult): number =>
  [...outcomes.values()].filter(({ booking }) => booking !== undefined).length;

/** Codes of the outcomes that are no bookings. */
function codesOf({ outcomes }: HerdResult) {
  const codes = createTally();
  for (const { code } of outcomes.values()) if (code) codes.add(code);
  return codes;
}

/** The end of a herd, for programs. */
function finalView(buyers: number, result: HerdResult, verdict: HerdVerdict): HerdView {
  const { accepted, refused, noAnswer, outcomes, settleSeconds } = result;
  const codes = codesOf(result);
  for (const [code, times] of refused) codes.add(code, times);
  return {
    status: 'done',
    buyers,
    answered: buyers - noAnswer,
    accepted,
    settled: outcomes.size,
    seconds: settleSeconds,
    booked: bookedIn(result),
    refused: Object.fromEntries(codes.counts),
    soldTwice: verdict.soldTwice.length,
    withoutOutcome: verdict.withoutOutcome.length,
    notAsTold: verdict.wrongOutcomes.length + verdict.unexpectedAnswers.length,
    differences: verdict.differences.length,
  };
}

async function payments(urls: readonly string[], { outcomes }: HerdResult, connections: number): Promise<Check> {
  return noneOf('every hold is sold, others', await payForHolds({ urls, outcomes, connections }));
}

/** The end of a herd, for people. */
function linesOf(result: HerdResult, { audit, unknownBookings }: HerdVerdict): string {
  const { outcomes, refused, accepted, noAnswer, acceptMs, outcomeMs, sendSeconds, settleSeconds } = result;
  return figureLines([
    ['accepted', accepted],
    ['booked', bookedIn(result)],
    ['rejected', codesOf(result).words()],
    ['refused before acceptance', wordsOf(refused)],
    ['no answer', noAnswer],
    ['requests/s', (acceptMs.length / sendSeconds).toFixed(0)],
    ['bookings/s', (bookedIn(result) / settleSeconds).toFixed(0)],
    ['outcomes/s', (outcomes.size / settleSeconds).toFixed(0)],
    ['time to accept', `p50 ${ms(acceptMs, 0.5)}, p99 ${ms(acceptMs, 0.99)}`],
    ['time to outcome', `p50 ${ms(outcomeMs, 0.5)}, p99 ${ms(outcomeMs, 0.99)}`],
    ['seats in PostgreSQL, Redis', `${audit.seatsInPostgres}, ${audit.seatsInRedis}`],
    ['booked by other clients', unknownBookings],
  ]);
}

await command({
  name: 'herd',
  summary: `Sends a herd of mixed requests to a running system and follows every ticket to its outcome. Then it compares
PostgreSQL, Redis and the outcomes that the clients got.`,
  options: {
    requests: number('requests to send', 40_000, { max: 10_000_000 }),
    connections: number('connections, each with one request at a time', 256, { max: 20_000 }),
    event: optionalNumber('sells out this event: holds, with an order for each', 'event 1, without holds', {
      max: MAX_INTEGER,
    }),
    poll: flag('follows by long polls instead of WebSocket'),
    repeat: flag('repeats a request, with its Idempotency-Key, that is refused for the moment or gets no answer'),
    seed: seed('seed of the random wishes'),
    json: flag('prints progress and the end as lines of JSON (shared/contract/herd.ts)'),
    url: urls(),
  },
  async run({ requests, connections, event, poll, repeat, seed: wishSeed, json, url }) {
    const target = findTarget(url);
    const stores = await openStores(target, 'producer', 'herd');
    const eventId = event ?? DEFAULT_EVENT;
    try {
      const zones = await zonesOf(stores, eventId);
      const bookingsBefore = await countBookings(stores, eventId);
      if (!json) {
        const load = `${requests} requests over ${connections} connections`;
        console.log(`${load} to ${target.urls.join(', ')} (seed ${wishSeed})`);
      }
      const random = createRandom(wishSeed);
      const lateFrom = event === undefined ? requests : Math.floor(requests * (1 - LATE_SHARE));
      const result = await runHerd({
        urls: target.urls,
        wish: (index) => (index < lateFrom ? wishIn : lateWish)(random, zones),
        eventId: event,
        requests,
        connections,
        repeats: repeat,
        by: poll ? 'poll' : 'session',
        onProgress: (progress) => (json ? printProgressView : showProgress)(requests, progress),
      });
      const paid = event === undefined ? [] : [await payments(target.urls, result, connections)];
      const verdict = await verifyHerd(stores, eventId, result, bookingsBefore);
      const checks = [...herdChecks(verdict), ...paid];
      if (json) {
        printView(finalView(requests, result, verdict));
        return allHeld(checks);
      }
      console.log(linesOf(result, verdict));
      return checks;
    } finally {
      await stores.close();
    }
  },
});
