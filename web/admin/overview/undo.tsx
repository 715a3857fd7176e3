import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

/** Milliseconds for which an act can be undone here. Its own button undoes it later too. */
const SHOWN_MS = 30_000;

type UndoProps = { text: string; undo: () => void; close: () => void };

/** Says what was done, with a button that undoes it and gets the focus. It stays while it has the focus. */
export function Undo({ text, undo, close }: UndoProps) {
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => button.current?.focus(), []);
  useEffect(() => {
    const timer = setInterval(() => document.activeElement !== button.current && close(), SHOWN_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <p class="notice" role="status">
      {text}{' '}
      <button type="button" class="plain" ref={button} onClick={undo}>
        Undo
      </button>
    </p>
  );
}
