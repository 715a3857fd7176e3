import { useEffect, useState } from 'preact/hooks';
import { formatClock } from './format.ts';

/** Milliseconds since 1970: of the server, or of this machine. */
type Clock = () => number;

/** Milliseconds left until a moment of a clock, updated once a second. */
export function useMsLeft(until: string, clock: Clock): number {
  const [now, setNow] = useState(clock);
  useEffect(() => {
    const timer = setInterval(() => setNow(clock()), 1000);
    return () => clearInterval(timer);
  }, [clock]);
  return Date.parse(until) - now;
}

const LAST_MINUTE_MS = 60_000;

export const isLastMinute = (leftMs: number): boolean => leftMs < LAST_MINUTE_MS;

/** Announces once, to a screen reader, that the last minute has begun. */
export const LastMinute = ({ until, text, clock }: { until: string; text: string; clock: Clock }) => (
  <span class="unseen" role="alert">
    {isLastMinute(useMsLeft(until, clock)) && text}
  </span>
);

/** The time left until a moment of a clock. Screen readers read it on request, not each second. */
export function Countdown({ until, label, clock }: { until: string; label: string; clock: Clock }) {
  const left = useMsLeft(until, clock);
  return (
    <time role="timer" aria-label={label} dateTime={until}>
      {formatClock(left)}
    </time>
  );
}
