import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { texts } from '../texts/texts.ts';

/** A button to leave the line, and a question to confirm it. */
export function Leave({ leave }: { leave: () => Promise<void> }) {
  const [isConfirming, setConfirming] = useState(false);
  const [hasFailed, setFailed] = useState(false);
  const leaveButton = useRef<HTMLButtonElement>(null);
  const stayButton = useRef<HTMLButtonElement>(null);
  const wasDrawn = useRef(false);
  useLayoutEffect(() => {
    if (wasDrawn.current) (isConfirming ? stayButton : leaveButton).current?.focus();
    wasDrawn.current = true;
  }, [isConfirming]);
  const confirm = (isAsked: boolean) => {
    setConfirming(isAsked);
    setFailed(false);
  };
  const giveUp = () => {
    setFailed(false);
    return leave().catch(() => setFailed(true));
  };
  if (!isConfirming) {
    return (
      <button type="button" class="quiet" ref={leaveButton} onClick={() => confirm(true)}>
        {texts.wait.leave}
      </button>
    );
  }
  return (
    <fieldset class="question" onKeyDown={(e) => e.key === 'Escape' && confirm(false)}>
      <legend>{texts.wait.giveUpQuestion}</legend>
      <button type="button" class="quiet" ref={stayButton} onClick={() => confirm(false)}>
        {texts.wait.stay}
      </button>
      <button type="button" class="quiet" onClick={() => void giveUp()}>
        {texts.wait.giveUp}
      </button>
      {hasFailed && <p role="alert">{texts.wait.notLeft}</p>}
    </fieldset>
  );
}
