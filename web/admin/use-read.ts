import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Operator } from './operator-client.ts';

export type Reading<Answer> = {
  /** The last answer; undefined until there is one. It stays while later reads fail. */
  answer: Answer | undefined;
  /** Why the last read failed. */
  fault: unknown;
  readAgain: () => void;
};

/**
 * Reads a resource when a page opens, and then at an interval.
 *
 * @param path undefined: nothing is read
 * @param everyMs undefined: it is read once
 */
export function useRead<Answer>(operator: Operator, path: string | undefined, everyMs?: number): Reading<Answer> {
  const [state, setState] = useState<{ path?: string; answer?: Answer; fault?: unknown }>({});
  const wanted = useRef(path);
  wanted.current = path;
  const readAgain = useCallback(async () => {
    if (path === undefined) return;
    try {
      const answer = await operator.read<Answer>(path);
      if (wanted.current === path) setState({ path, answer });
    } catch (fault) {
      if (wanted.current === path) setState((last) => ({ ...(last.path === path && last), path, fault }));
    }
  }, [operator, path]);
  useEffect(() => {
    void readAgain();
    if (everyMs === undefined) return undefined;
    const timer = setInterval(() => void readAgain(), everyMs);
    return () => clearInterval(timer);
  }, [readAgain, everyMs]);
  const isCurrent = state.path === path;
  return {
    answer: isCurrent ? state.answer : undefined,
    fault: isCurrent ? state.fault : undefined,
    readAgain: () => void readAgain(),
  };
}
