import { MAX_BLOCKED_AT_ONCE } from '../../../../shared/contract/limits.ts';
import { isRefused } from '../../../refused.ts';

export type BlockAct = 'block' | 'unblock';

/** Sends one request for at most `MAX_BLOCKED_AT_ONCE` seats, and returns how many changed. */
type SendSeats = (seats: readonly string[]) => Promise<number>;

/** How far a change of many seats is. `taken`: seats that a buyer took meanwhile, which stay as they are. */
export type BlockProgress = { changed: number; done: number; total: number; taken: string[] };

/** Times that one part is sent again without seats that were taken meanwhile: on a busy sale others follow. */
const MAX_TRIES = 5;

/**
 * Blocks or releases seats, in parts. A part of which a buyer has taken a seat meanwhile is sent again without it.
 *
 * @throws as `send` does; `report` has said by then what was done
 */
export async function changeSeats(
  seats: readonly string[],
  send: SendSeats,
  report: (progress: BlockProgress) => void,
): Promise<BlockProgress> {
  let progress: BlockProgress = { changed: 0, done: 0, total: seats.length, taken: [] };
  for (let from = 0; from < seats.length; from += MAX_BLOCKED_AT_ONCE) {
    const part = seats.slice(from, from + MAX_BLOCKED_AT_ONCE);
    const { changed, taken } = await changePart(part, send);
    const { done } = progress;
    progress = {
      ...progress,
      changed: progress.changed + changed,
      done: done + part.length,
      taken: [...progress.taken, ...taken],
    };
    report(progress);
  }
  return progress;
}

async function changePart(part: readonly string[], send: SendSeats): Promise<{ changed: number; taken: string[] }> {
  const taken = new Set<string>();
  for (let tries = 1; ; tries += 1) {
    const left = part.filter((seat) => !taken.has(seat));
    if (left.length === 0) return { changed: 0, taken: [...taken] };
    try {
      return { changed: await send(left), taken: [...taken] };
    } catch (fault) {
      const named = takenBy(fault);
      if (named.length === 0 || tries === MAX_TRIES) throw fault;
      for (const seat of named) taken.add(seat);
    }
  }
}

/** The seats that a refusal names as taken. */
function takenBy(fault: unknown): string[] {
  if (!isRefused(fault) || fault.code !== 'SEAT_TAKEN') return [];
  return (fault.problem as { seats?: string[] }).seats ?? [];
}
