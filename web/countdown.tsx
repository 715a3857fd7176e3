import { useEffect, useState } from 'preact/hooks';
import { serverNow } from './answers.ts';
import { clockOf } from './words.ts';

/** Milliseconds left until a moment of the server's clock, or of another, updated once a second. */
export function useMsLeft(until: string, clock = serverNow): number {
  const [now, setNow] = useState(clock);
  useEffect(() => {
    const timer = setInterval(() => setNow(clock()), 1000);
    return () => clearInterval(timer);
  }, [clock]);
  return Date.parse(until) - now;
}

const LAST_MINUTE_MS = 60_000;

export const isLastMinute = (leftMs: number): boolean => leftMs < LAST_MINUTE_MS;

/** Says once to a screen reader that the last minute has begun. */
export const LastMinute = ({ until, words, clock }: { until: string; words: string; clock?: () => number }) => (
  <span class="unseen" role="alert">
    {isLastMinute(useMsLeft(until, clock)) && words}
  </span>
);

/**
 * The time left until a moment of the server's clock, or of another. Screen readers read it on request, not each
 * second.
 */
export function Countdown({ until, label, clock }: { until: string; label: string; clock?: () => number }) {
  const left = useMsLeft(until, clock);
  return (
    <time role="timer" aria-label={label} dateTime={until}>
      {clockOf(left)}
    </time>
  );
}
