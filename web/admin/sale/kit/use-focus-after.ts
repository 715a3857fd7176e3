import { useEffect, useRef } from 'preact/hooks';

/**
 * Gives the focus to an element once something is done, where the control that had it is gone or was disabled: else a
 * keyboard would begin at the top of the page again.
 *
 * @returns the ref of the element, which needs `tabIndex={-1}` unless it is a control
 */
export function useFocusAfter<Target extends HTMLElement>(isDone: boolean) {
  const target = useRef<Target>(null);
  useEffect(() => {
    if (isDone && document.activeElement === document.body) target.current?.focus();
  }, [isDone]);
  return target;
}
