import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

type Props = {
  /** The button that asks. */
  label: string;
  title: string;
  children: ComponentChildren;
  /** The button that keeps all as it is, and the one that does it. */
  keep: string;
  confirm: string;
  isDisabled?: boolean;
  isSending: boolean;
  onConfirm: () => Promise<unknown>;
};

/** A button for what cannot be undone: it asks first, and gives the focus back afterwards. */
export function Question({ label, title, children, keep, confirm, isDisabled, isSending, onConfirm }: Props) {
  const [isAsking, setAsking] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const keepButton = useRef<HTMLButtonElement>(null);
  const wasAsking = useRef(false);
  useLayoutEffect(() => {
    if (isAsking) keepButton.current?.focus();
    else if (wasAsking.current) opener.current?.focus();
    wasAsking.current = isAsking;
  }, [isAsking]);
  if (!isAsking) {
    return (
      <button type="button" class="plain" ref={opener} disabled={isDisabled} onClick={() => setAsking(true)}>
        {label}
      </button>
    );
  }
  return (
    <fieldset class="question" disabled={isSending} onKeyDown={(e) => e.key === 'Escape' && setAsking(false)}>
      <legend>{title}</legend>
      {children}
      <div class="buttons">
        <button type="button" class="plain" ref={keepButton} onClick={() => setAsking(false)}>
          {keep}
        </button>
        <button type="button" class="plain" onClick={() => void onConfirm().then(() => setAsking(false))}>
          {confirm}
        </button>
      </div>
    </fieldset>
  );
}
