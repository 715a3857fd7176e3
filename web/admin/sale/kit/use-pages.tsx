import { useRef, useState } from 'preact/hooks';
import type { Operator } from '../../operator-client.ts';
import { useRead } from '../../use-read.ts';
import { useFocusAfter } from './use-focus-after.ts';

/**
 * Reads a list page by page, the newest first. A page stays until the next one is there.
 *
 * @param first the address of the first page; undefined: nothing is read
 * @returns `heading`: the ref of what says how many there are. It gets the focus where the last button is gone
 */
export function usePages<Page extends { next?: string }>(operator: Operator, first: string | undefined) {
  const [older, setOlder] = useState<readonly string[]>([]);
  const { answer, fault } = useRead<Page>(operator, older.at(-1) ?? first);
  const shown = useRef<Page>(undefined);
  const hasTurned = useRef(false);
  if (answer !== undefined) shown.current = answer;
  const heading = useFocusAfter<HTMLParagraphElement>(answer !== undefined && hasTurned.current);
  const turn = (to: readonly string[]) => {
    if (answer === undefined) return; // the page that was turned to is on its way
    hasTurned.current = true;
    setOlder(to);
  };
  const next = shown.current?.next;
  const buttons = (
    <div class="buttons">
      {older.length > 0 && (
        <button type="button" class="plain" onClick={() => turn(older.slice(0, -1))}>
          Newer
        </button>
      )}
      {next !== undefined && (
        <button type="button" class="plain" aria-disabled={answer === undefined} onClick={() => turn([...older, next])}>
          Older
        </button>
      )}
    </div>
  );
  return { page: shown.current, fault, heading, buttons };
}
