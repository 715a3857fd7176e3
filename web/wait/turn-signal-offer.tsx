import { useState } from 'preact/hooks';
import { texts } from '../texts/texts.ts';
import type { TurnSignal } from './turn-signal.ts';

/** A box to tick for a sound and a notification of one's turn. Nothing is asked of the browser before. */
export function TurnSignalOffer({ turnSignal }: { turnSignal: TurnSignal }) {
  const [signal, setSignal] = useState(turnSignal.signal);
  const change = async (isWished: boolean) => {
    if (isWished) await turnSignal.turnOn();
    else turnSignal.turnOff();
    setSignal(turnSignal.signal());
  };
  return (
    <>
      <label class="check">
        <input type="checkbox" checked={signal !== 'off'} onChange={(e) => void change(e.currentTarget.checked)} />
        {texts.wait.offerSignal}
      </label>
      <p class="hint" role="status">
        {signal === 'both' && texts.wait.signalOn}
        {signal === 'sound' && texts.wait.soundOnly}
      </p>
    </>
  );
}
