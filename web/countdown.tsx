import { useEffect, useState } from 'preact/hooks';
import { serverNow } from './answers.ts';
import { clockOf } from './words.ts';

/** Milliseconds that are left until a moment of the server's clock, anew each second. */
export function useMsLeft(until: string): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), 1000);
    return () => clearInterval(timer);
  }, []);
  return Date.parse(until) - now;
}

const LAST_MINUTE_MS = 60_000;

export const isLastMinute = (leftMs: number): boolean => leftMs < LAST_MINUTE_MS;

/** Says once to a screen reader that the last minute has begun. */
export const LastMinute = ({ until, words }: { until: string; words: string }) => (
  <span class="unseen" role="alert">
    {isLastMinute(useMsLeft(until)) && words}
  </span>
);

/** What is left until a moment of the server's clock. Screen readers find it when asked; it is not read out each second. */
export function Countdown({ until, label }: { until: string; label: string }) {
  const left = useMsLeft(until);
  return (
    <time role="timer" aria-label={label} dateTime={until}>
      {clockOf(left)}
    </time>
  );
}
