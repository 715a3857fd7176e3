import { setTimeout as sleep } from 'node:timers/promises';
import type { VisitorView } from '../../../shared/contract/waiting-room.ts';
import { below, between } from '../../kit/random.ts';
import { bookPatiently, randomUser, tryBooking } from './bookings.ts';
import { type Admitted, onTurn, whileWaiting } from './cheats.ts';
import { add, type Cheat, type Crowd, cheatNames, type Ending, noteSale, noteView } from './notes.ts';

/** Milliseconds by which this process, being busy with other visitors, may poll late and still on time. */
const MAX_LATE_MS = 2_000;

/** Tokens that thieves choose from. */
const STOLEN_TOKENS = 1_000;

/** Of each 100 visitors, how many leave, vanish, or walk away from a hold. One cheat of each kind comes in 200. */
const LEAVING = 4;
const ABSENT = 5;
const WALKING = 6;

/**
 * The intention of a visitor: to buy at once, to hold and confirm, to walk away from a hold, to leave the line, to
 * vanish, or to cheat.
 */
type Plan = 'sell' | 'confirm' | 'walk' | 'leave' | 'absent' | Cheat;

function planOf(number: number): Plan {
  const cheat = cheatNames[number % 200];
  if (cheat !== undefined) return cheat;
  const percentile = Math.floor(number / 2) % 100;
  if (percentile < 100 - LEAVING - ABSENT - WALKING) return number % 2 === 0 ? 'sell' : 'confirm';
  if (percentile < 100 - ABSENT - WALKING) return 'leave';
  return percentile < 100 - WALKING ? 'absent' : 'walk';
}

export const createCrowd = (
  options: Pick<Crowd, 'desk' | 'notes' | 'random' | 'polls'> & { turnSeconds: number },
): Crowd => {
  const { turnSeconds, ...crowd } = options;
  // The pause between two polls is half of a turn at most.
  const onTimeMs = Math.min(MAX_LATE_MS, 250 * turnSeconds);
  return { ...crowd, onTimeMs, furthest: 0, stolenTokens: [], otherAdmission: undefined };
};

/**
 * A visitor passes these states, each with the function that leads out of it:
 *
 * - joining: gets a visitor token (`join`)
 * - waiting or before the sale: polls at the requested times, may leave, vanish or cheat (`wait`)
 * - admitted: books, or tries what cheats try (`useTurn`)
 * - ended: booked, left, and so on
 */
type Visitor = {
  plan: Plan;
  name: string;
  token: string;
  position: number | undefined;
  /** The time at which the last answer requested the next poll. */
  pollAtMs: number;
  hasCheated: boolean;
};

function notePosition(crowd: Crowd, visitor: Visitor, position: number | undefined, arrival: number | undefined): void {
  if (visitor.position !== undefined || position === undefined) return;
  visitor.position = position;
  add(crowd.notes.positions, position);
  if (arrival !== undefined) crowd.notes.drawn.set(arrival, position);
}

/** Books with an admission. */
async function useTurn(crowd: Crowd, plan: Plan, token: string, view: VisitorView): Promise<Ending> {
  const { desk, notes, random } = crowd;
  const { admission, position } = view;
  if (admission === undefined || position === undefined) throw new Error('a turn without an admission');
  notes.admitted += 1;
  notes.admittedAt.set(position, Date.now());
  await sleep(between(random, 200, 1_700));
  const admitted: Admitted = { token, admission, position };
  const cheatEnding = await onTurn[plan as Cheat]?.(crowd, admitted);
  if (cheatEnding !== undefined) return cheatEnding;
  const user = randomUser(crowd);
  const isHold = plan === 'walk' || plan === 'confirm';
  const booked = await bookPatiently(crowd, { token: admission.token, position, isHold, user });
  if (booked.code === 'ADMISSION_INVALID') return 'robbed'; // a thief booked as much as this admission allows
  if (booked.seats === 0) {
    await desk.leave(token);
    return 'nothing left';
  }
  if (plan === 'replayed') await tryBooking(crowd, plan, admission.token);
  if (plan === 'confirm') {
    await sleep(between(random, 300, 2_300));
    if (await desk.confirm(booked.id ?? '', user)) noteSale(notes, booked.seats);
  }
  return 'booked';
}

/** The end of a visitor whom an answer neither admits nor keeps waiting. */
function endingOf({ notes, onTimeMs }: Crowd, { name, pollAtMs }: Visitor, { status }: VisitorView): Ending {
  if (status === 'open') throw new Error('the room is not on');
  const lateMs = Date.now() - pollAtMs;
  if (status === 'turn_passed' && lateMs < onTimeMs)
    notes.lostTurns.push(`${name}, polled ${Math.round(lateMs)} ms later than requested`);
  return status;
}

/**
 * The next view of a visitor who waits, by the line or else by a poll, and the highest position that was admitted
 * before. The line may be one of before that: it contradicts nothing.
 */
async function nextView({ desk, notes, polls, furthest }: Crowd, token: string) {
  const byLine = polls ? undefined : await desk.line.read(token, undefined);
  if (byLine === undefined) return { view: await desk.poll(token), furthest };
  notes.read += 1;
  return { view: byLine, furthest: 0 };
}

/** Acts on an answer while waiting. Returns an ending where the visitor leaves or vanishes. */
async function wait(crowd: Crowd, visitor: Visitor, view: VisitorView, polls: number): Promise<Ending | undefined> {
  const { plan, token, position } = visitor;
  if (polls === 1 && plan === 'absent') return 'absent';
  if (polls === 1 && plan === 'leave') {
    await crowd.desk.leave(token);
    return 'left';
  }
  visitor.pollAtMs = Date.now() + view.askAgainSeconds * 1000;
  if (polls > 0 && view.status === 'waiting' && !visitor.hasCheated) {
    visitor.hasCheated = true;
    await whileWaiting[plan as Cheat]?.(crowd, { token, position });
  }
  await sleep(Math.max(0, visitor.pollAtMs - Date.now()));
  return undefined;
}

async function live(crowd: Crowd, plan: Plan): Promise<Ending> {
  const { desk, notes, random } = crowd;
  let furthest = crowd.furthest;
  const { visitorToken: token, receipt, ...first } = await desk.join('');
  const name = `${plan} ${notes.joined}`;
  notes.joined += 1;
  if (plan === 'sell' || plan === 'confirm') crowd.stolenTokens[below(random, STOLEN_TOKENS)] = token;
  const visitor: Visitor = { plan, name, token, position: undefined, pollAtMs: Date.now(), hasCheated: false };
  let view: VisitorView = first;
  for (let polls = 0; ; polls += 1) {
    noteView(crowd, view, visitor.position, furthest);
    notePosition(crowd, visitor, view.position, receipt?.arrival);
    if (view.status === 'your_turn') return useTurn(crowd, plan, token, view);
    if (view.status !== 'waiting' && view.status !== 'before_sale') return endingOf(crowd, visitor, view);
    const ending = await wait(crowd, visitor, view, polls);
    if (ending !== undefined) return ending;
    ({ view, furthest } = await nextView(crowd, token));
  }
}

/** One visitor, from joining to the end. The number decides the plan. */
export async function visit(crowd: Crowd, number: number): Promise<void> {
  const ending = await live(crowd, planOf(number)).catch((): Ending => 'fault'); // the desk has noted the fault
  add(crowd.notes.endings, ending);
}
