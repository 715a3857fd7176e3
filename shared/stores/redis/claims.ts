import { errorCodes } from '../../contract/codes.ts';
import type { BookRequest } from '../../contract/jobs.ts';
import type { RunWish } from '../../contract/reserve.ts';
import { runOf } from '../../domain/house.ts';
import { type WrittenOutcome, writeRefused } from '../../domain/outcome-text.ts';
import { writeAdmission } from './admission-uses.ts';
import { pushFields } from './script-values.ts';
import type { Scripts } from './scripts.ts';

/** The claim script's decision for one ticket. A refusal is a decision too. */
export type Decision =
  | { kind: 'got'; generation: number; seats: string[] }
  | { kind: 'refused'; outcome: WrittenOutcome }
  /** The ticket has its outcome already: an earlier delivery of this job settled it. */
  | { kind: 'settled' }
  /** Redis does not have the event's house: it must be restored first. */
  | { kind: 'closed' };

/** Exact seats that are one run, as the wish for that run: the script decides it faster. */
function asRun(labels: readonly string[]): RunWish | undefined {
  const run = runOf(labels);
  return run && { zone: run.zone, row: run.row, start: run.startIndex, count: labels.length };
}

const seatCountOf = ({ wish }: BookRequest): number => ('seats' in wish ? wish.seats.length : wish.count);

/** The hold, admission and exact seats of a request, as the script gets them; '' for the many that have none. */
function optionsOf({ hold, admission }: BookRequest, labels: readonly string[]): string {
  if (!hold && admission === undefined && labels.length === 0) return '';
  const admitted = admission === undefined ? '-' : writeAdmission(admission);
  return `${hold ? 1 : 0} ${admitted} ${labels.join(' ')}`;
}

function pushRequest(args: (string | number)[], request: BookRequest): void {
  const { ticketId, eventId, wish, userId } = request;
  const run = 'seats' in wish ? asRun(wish.seats) : wish;
  const labels = run === undefined && 'seats' in wish ? wish.seats : [];
  const { zone = 0, row = 0, start = -1, count = labels.length } = run ?? {};
  const options = optionsOf(request, labels);
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
  return { kind: 'refused', outcome: writeRefused(seatCount, code, details) };
}

/**
 * Decides a batch of requests of one shard, in order: all seats or none for each. A repeated ticket gets the decision
 * that it has.
 */
export async function claimSeats(
  scripts: Scripts,
  shard: number,
  requests: readonly BookRequest[],
): Promise<Decision[]> {
  const args: (string | number)[] = [];
  for (const request of requests) pushRequest(args, request);
  const answers = await scripts<string[]>('claimSeats', shard, args);
  return requests.map((request, i) => parseDecision(answers[i] ?? '', seatCountOf(request)));
}
