import { errorCodes } from '../../contract/codes.ts';
import type { BookRequest } from '../../contract/jobs.ts';
import { type OneWish, placesOfWish, type RunWish, seatsOfWish } from '../../contract/reserve.ts';
import { type House, runOf, tiersFor } from '../../domain/house.ts';
import { type WrittenOutcome, writeRefused } from '../../domain/outcome-text.ts';
import { writeAdmission } from './admission-uses.ts';
import { pushFields } from './script-values.ts';
import type { Scripts } from './scripts.ts';

/** The claim script's decision for one ticket. A refusal is a decision too. */
export type Decision =
  | { kind: 'got'; generation: number; seats: string[] }
  | { kind: 'refused'; generation: number; outcome: WrittenOutcome }
  /** The ticket has its outcome already: an earlier delivery of this job settled it. */
  | { kind: 'settled' }
  /** Redis does not have the event's house: it must be restored first. */
  | { kind: 'closed' };

/** Exact seats that are one run, as the wish for that run: the script decides it faster. */
function asRun(labels: readonly string[]): RunWish | undefined {
  const run = runOf(labels);
  return run && { zone: run.zone, row: run.row, start: run.startIndex, count: labels.length };
}

/** The wishes of a request, the preferred one first. */
const wishesOf = ({ wish }: BookRequest): readonly OneWish[] => ('wishes' in wish ? wish.wishes : [wish]);

/** Whether a wish has conditions that the fields of a plain request do not hold. */
const isChoosy = (wish: OneWish): boolean =>
  placesOfWish(wish) !== undefined ||
  ('seats' in wish
    ? wish.accessible !== undefined
    : ('category' in wish && wish.category !== undefined) ||
      ('maxPrice' in wish && wish.maxPrice !== undefined) ||
      ('accessible' in wish && wish.accessible !== undefined) ||
      ('split' in wish && wish.split === true));

/** Whether the tiers of an event's house have to be known to decide a request. */
export const needsTiers = (request: BookRequest): boolean =>
  wishesOf(request).some((wish) => !('seats' in wish) && isChoosy(wish));

/** Seats as the script gets them: a run, or labels where they are no run. 0 and -1 stand for any. */
function placeOf(wish: OneWish) {
  const run = 'seats' in wish ? asRun(wish.seats) : wish;
  const labels = run === undefined && 'seats' in wish ? wish.seats : [];
  const { zone = 0, row = 0, start = -1, count = labels.length } = run ?? {};
  return { zone, row, start, count, labels: labels.join(' ') };
}

/** A wish with conditions, for the script. */
function conditionsOf(wish: OneWish, house: House | undefined) {
  const places = placesOfWish(wish);
  if ('seats' in wish) return { ...placeOf(wish), accessible: wish.accessible, places };
  const { category, maxPrice, types, accessible, split }: RunWish = wish;
  const tiers = house && tiersFor(house, { category, maxPrice, types });
  return { ...placeOf(wish), accessible, split, places, tiers, generation: house && String(house.generation) };
}

/**
 * The hold and admission of a request, and its exact seats or, as JSON, its wishes with conditions; '' for the many
 * that have none.
 */
function optionsOf({ hold, admission }: BookRequest, labelsOrWishes: string): string {
  if (!hold && admission === undefined && labelsOrWishes === '') return '';
  const admitted = admission === undefined ? '-' : writeAdmission(admission);
  return `${hold ? 1 : 0} ${admitted} ${labelsOrWishes}`;
}

function pushRequest(args: (string | number)[], request: BookRequest, house: House | undefined): void {
  const { ticketId, eventId, userId } = request;
  const wishes = wishesOf(request);
  const [first] = wishes as [OneWish];
  const { zone, row, start, count, labels } = placeOf(first);
  const isPlain = wishes.length === 1 && !isChoosy(first);
  const options = optionsOf(request, isPlain ? labels : JSON.stringify(wishes.map((one) => conditionsOf(one, house))));
  const user = userId ?? '';
  pushFields(args, 'claimSeats', { ticketId, event: eventId, zone, row, start, seatCount: count, user, options });
}

/** The details of a refusal stay as the script wrote them: domain/outcome-text.ts reads them where a client does. */
function parseDecision(answer: string, seatCount: number): Decision {
  if (answer === 'SETTLED') return { kind: 'settled' };
  if (answer === 'REBUILD') return { kind: 'closed' };
  const [verdict, generation, ...values] = answer.split(' ');
  if (verdict === 'GOT') return { kind: 'got', generation: Number(generation), seats: values };
  const [word, ...details] = values;
  const code = errorCodes.find((one) => one === word);
  if (code === undefined) throw new Error(`claimSeats answered ${answer}`);
  return { kind: 'refused', generation: Number(generation), outcome: writeRefused(seatCount, code, details) };
}

/**
 * Decides a batch of requests of one shard, in order: all seats or none for each. A repeated ticket gets the decision
 * that it has.
 *
 * @param houses of the events whose tiers have to be known
 */
export async function claimSeats(
  scripts: Scripts,
  shard: number,
  requests: readonly BookRequest[],
  houses: ReadonlyMap<number, House>,
): Promise<Decision[]> {
  const args: (string | number)[] = [];
  for (const request of requests) pushRequest(args, request, houses.get(request.eventId));
  const answers = await scripts<string[]>('claimSeats', shard, args);
  return requests.map((request, i) => parseDecision(answers[i] ?? '', seatsOfWish(wishesOf(request)[0] as OneWish)));
}
