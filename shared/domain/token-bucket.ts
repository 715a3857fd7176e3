/**
 * A token bucket: `burst` tokens, `perSecond` more each second. A caller may take more tokens than there are and then
 * waits until the debt is paid. Tokens taken for work that turned out to be cheap can be given back.
 */
export function createTokenBucket({ perSecond, burst }: { perSecond: number; burst: number }) {
  let tokens = burst;
  let filledMs = Number.NEGATIVE_INFINITY;

  function fill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - filledMs);
    tokens = Math.min(burst, tokens + (elapsedMs / 1000) * perSecond);
    filledMs = nowMs;
  }

  return {
    take(cost: number, nowMs: number): void {
      fill(nowMs);
      tokens -= cost;
    },

    giveBack(cost: number): void {
      tokens = Math.min(burst, tokens + cost);
    },

    /** Milliseconds until the debt is paid; 0 without debt. */
    waitMs(nowMs: number): number {
      fill(nowMs);
      return tokens >= 0 ? 0 : Math.ceil((-tokens / perSecond) * 1000);
    },
  };
}

export type TokenBucket = ReturnType<typeof createTokenBucket>;
