import { createGroupCommit } from '../../shared/domain/group-commit.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import { ApiError } from '../http/errors.ts';

/** Milliseconds for which an answer is used again: a whole line polls within seconds after its event has ended. */
const KNOWN_MS = 1_000;
const MAX_KNOWN = 10_000;

/** Events that one statement reads, and reads that may wait for it: clients can poll any event. */
const MAX_READ = 500;
const MAX_WAITING = 20_000;

/** Reads which events without a line have ended, with one statement at a time. */
export function createEndedEvents({ events }: { events: Pick<EventStore, 'endedAmong'> }) {
  const known = new Map<number, { hasEnded: boolean; untilMs: number }>();
  const reads = createGroupCommit<number, boolean>({
    async flush(eventIds) {
      const ended = await events.endedAmong([...new Set(eventIds)]);
      return eventIds.map((eventId) => ended.has(eventId));
    },
    maxItems: MAX_READ,
    maxWaiting: MAX_WAITING,
  });

  /** @throws ApiError OVERLOADED where too many reads wait; the fault of PostgreSQL */
  return async function hasEnded(eventId: number): Promise<boolean> {
    const last = known.get(eventId);
    if (last !== undefined && last.untilMs > performance.now()) return last.hasEnded;
    const read = reads.add(eventId);
    if (read === undefined) throw new ApiError('OVERLOADED');
    const answer = { hasEnded: await read, untilMs: performance.now() + KNOWN_MS };
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(eventId, answer);
    return answer.hasEnded;
  };
}
