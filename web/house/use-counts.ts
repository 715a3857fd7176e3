import { useEffect, useState } from 'preact/hooks';
import type { House } from './house.ts';

/** Milliseconds between two updates of the counts. */
const COUNTS_MS = 200;

/** Seats of a house by status code, updated a few times a second. */
export function useCounts(house: House): number[] {
  const [counts, setCounts] = useState(() => house.counts());
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unlisten = house.listen(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setCounts(house.counts());
      }, COUNTS_MS);
    });
    setCounts(house.counts()); // the house may be another one than before
    return () => {
      clearTimeout(timer);
      unlisten();
    };
  }, [house]);
  return counts;
}
