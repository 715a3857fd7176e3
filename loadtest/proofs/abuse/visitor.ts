import { createClient } from '../../../client/src/index.ts';

/** Milliseconds that a visitor waits for a turn at most. */
const PATIENCE_MS = 300_000;

/**
 * Joins a line, with the work that it may require, and polls at the requested times. Returns the seconds until the turn
 * came: infinitely many where it did not.
 */
export async function waitForTurn(url: string, eventId: number): Promise<number> {
  const startedAt = performance.now();
  const room = createClient({ baseUrl: url }).waitingRoom(eventId);
  const admission = await room.admission({ signal: AbortSignal.timeout(PATIENCE_MS) }).catch((fault: unknown) => {
    console.error(`the visitor was not admitted: ${fault}`);
    return undefined;
  });
  return admission === undefined ? Number.POSITIVE_INFINITY : (performance.now() - startedAt) / 1_000;
}
