import type { LineView } from '../../client/src/contract.ts';
import { createLineReader } from '../../client/src/line.ts';
import { type Answer, createTransport } from '../../client/src/transport.ts';

/** Milliseconds for which the cache in front of an API serves the same line. */
const KEPT_MS = 1_000;

/**
 * The reader of the client package for all visitors of a crowd, behind a cache: those who read the line of an event
 * within a second share one request.
 */
export function createSharedLine(url: string, eventId: number) {
  const { attempt } = createTransport({ baseUrl: url });
  let kept: { atMs: number; answer: Promise<Answer<LineView>> } | undefined;
  let requests = 0;

  async function fromCache<Body>(...request: Parameters<typeof attempt>): Promise<Answer<Body>> {
    if (kept === undefined || performance.now() - kept.atMs > KEPT_MS) {
      requests += 1;
      kept = { atMs: performance.now(), answer: attempt<LineView>(...request) };
    }
    const { atMs, answer } = kept;
    const { headers: original, ...rest } = await answer;
    const headers = new Headers([...original]);
    headers.set('age', String(Math.floor((performance.now() - atMs) / 1000)));
    return { ...rest, headers } as Answer<Body>;
  }

  return {
    ...createLineReader({ transport: { attempt: fromCache }, eventId }),
    /** Requests that reached the API so far. */
    requests: () => requests,
  };
}
