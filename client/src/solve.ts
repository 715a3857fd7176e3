import { createHasher } from './domain.ts';

/** Attempts between two looks at the clock, and milliseconds after which others of the thread have their turn. */
const ATTEMPTS_AT_ONCE = 1_024;
const SLICE_MS = 10;

/**
 * Finds a text for which SHA-256 of `challenge`, a colon and the text begins with so many zero bits. It works in short
 * slices, so that a page stays responsive, and needs no worker, which the policy of a site may forbid.
 *
 * @param report called with the probability that a solution would have been found by now, 0 to 1
 * @throws the reason of the signal, once it is aborted
 */
export async function solve(
  challenge: string,
  bits: number,
  report: (progress: number) => void,
  signal?: AbortSignal,
): Promise<string> {
  const encoder = new TextEncoder();
  const wordsOf = createHasher(encoder.encode(`${challenge}:`));
  for (let attempts = 0; ; ) {
    report(1 - Math.exp(-attempts / 2 ** bits));
    const sliceEndsAt = performance.now() + SLICE_MS;
    do {
      for (const end = attempts + ATTEMPTS_AT_ONCE; attempts < end; attempts += 1) {
        const text = attempts.toString(36);
        if (Math.clz32(wordsOf(encoder.encode(text))[0] as number) >= bits) return text;
      }
    } while (performance.now() < sliceEndsAt);
    await nextTurn();
    signal?.throwIfAborted();
  }
}

/** Lets the thread do other things. The timers of a hidden page come once a second at most; messages come at once. */
function nextTurn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    Object.assign(port1, {
      onmessage(): void {
        port1.close();
        resolve();
      },
    });
    port2.postMessage(null);
  });
}
