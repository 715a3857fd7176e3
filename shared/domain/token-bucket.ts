/**
 * A token bucket: `burst` tokens, `perSecond` more each second. More may be taken than there is: the owner waits until
 * the debt is paid. Tokens that were taken for something that turned out to be cheap can be given back.
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

    /** Milliseconds until there is no debt; 0 where there is none. */
    waitMs(nowMs: number): number {
      fill(nowMs);
      return tokens >= 0 ? 0 : Math.ceil((-tokens / perSecond) * 1000);
    },
  };
}

export type TokenBucket = ReturnType<typeof createTokenBucket>;
