import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { guardLeaving } from '../../route.ts';

/**
 * Asks before an operator leaves a form with changes that are not saved: for another page of these, within the page;
 * for any other, by the browser.
 */
export function LeaveGuard({ isDirty }: { isDirty: boolean }) {
  const [wanted, setWanted] = useState<string>();
  const keepButton = useRef<HTMLButtonElement>(null);
  const isLeaving = useRef(false);
  useEffect(() => {
    if (!isDirty) return undefined;
    const here = location.hash;
    const stopGuarding = guardLeaving(() => {
      if (isLeaving.current || location.hash === here) return true;
      setWanted(location.hash);
      history.replaceState(history.state, '', here);
      return false;
    });
    const warn = (e: BeforeUnloadEvent) => e.preventDefault();
    addEventListener('beforeunload', warn);
    return () => {
      stopGuarding();
      removeEventListener('beforeunload', warn);
    };
  }, [isDirty]);
  useLayoutEffect(() => {
    if (wanted !== undefined) keepButton.current?.focus();
  }, [wanted]);
  if (wanted === undefined) return null;
  const leave = () => {
    isLeaving.current = true;
    location.hash = wanted;
  };
  return (
    <fieldset class="question notice" onKeyDown={(e) => e.key === 'Escape' && setWanted(undefined)}>
      <legend>Leave without saving?</legend>
      <p class="soft">Your changes of this event are not saved.</p>
      <div class="buttons">
        <button type="button" class="plain" ref={keepButton} onClick={() => setWanted(undefined)}>
          Stay
        </button>
        <button type="button" class="plain" onClick={leave}>
          Leave without saving
        </button>
      </div>
    </fieldset>
  );
}
