import { useEffect, useState } from 'preact/hooks';
import { clockOf } from './wait/words.ts';

/** What is left until a moment of the server's clock. Screen readers find it when asked; it is not read out each second. */
export function Countdown({ until, clockAheadMs, label }: { until: string; clockAheadMs: number; label: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <time role="timer" aria-label={label} dateTime={until}>
      {clockOf(Date.parse(until) - now - clockAheadMs)}
    </time>
  );
}
