import { storedValue } from '../storage.ts';
import { texts } from '../texts/texts.ts';

/** Frequencies of the chime in Hz, the seconds of each tone, and their loudness, 0 to 1. */
const CHIME = { tones: [523, 659, 784], seconds: 0.35, loudness: 0.15 };

/** How a visitor learns of their turn: not, by a sound, or by a sound and a notification of the browser. */
export type Signal = 'off' | 'sound' | 'both';

/**
 * The sound and the notification of a visitor's turn. Browsers permit both only after a click: `turnOn` is called by
 * one. The wish is remembered, and a later click anywhere on the page permits the sound again.
 */
export function createTurnSignal() {
  const wished = storedValue<boolean>('turn-signal');
  let audio: AudioContext | undefined;
  const permitSound = () => {
    audio ??= new AudioContext();
    void audio.resume();
  };
  if (wished.read()) addEventListener('pointerdown', permitSound, { once: true });

  return {
    signal: (): Signal => (wished.read() ? (isPermitted() ? 'both' : 'sound') : 'off'),
    /** Permits the sound, and asks for the permission of notifications. */
    async turnOn(): Promise<void> {
      permitSound();
      wished.write(true);
      if ('Notification' in window) await Notification.requestPermission();
    },
    turnOff(): void {
      wished.remove();
    },
    /** Tells the visitor that it is their turn, if they wished so. The notification comes where the page is hidden. */
    give(eventName: string): void {
      if (!wished.read()) return;
      if (audio?.state === 'running') chime(audio);
      if (document.hidden && isPermitted()) notify(eventName);
    },
    stop(): void {
      removeEventListener('pointerdown', permitSound);
      void audio?.close();
    },
  };
}

export type TurnSignal = ReturnType<typeof createTurnSignal>;

const isPermitted = (): boolean => 'Notification' in window && Notification.permission === 'granted';

function notify(eventName: string): void {
  try {
    const notification = new Notification(texts.wait.headings.your_turn, { body: eventName, tag: 'turn' });
    notification.onclick = () => {
      window.focus();
      notification.close();
    };
  } catch {
    navigator.vibrate?.(300); // Chrome on Android permits notifications to service workers only
  }
}

/** Three rising tones, each of which fades. */
function chime(audio: AudioContext): void {
  const { tones, seconds, loudness } = CHIME;
  for (const [i, frequency] of tones.entries()) {
    const from = audio.currentTime + (i * seconds) / 2;
    const tone = new OscillatorNode(audio, { frequency });
    const volume = new GainNode(audio, { gain: loudness });
    volume.gain.setValueAtTime(loudness, from);
    volume.gain.exponentialRampToValueAtTime(0.001, from + seconds);
    tone.connect(volume).connect(audio.destination);
    tone.start(from);
    tone.stop(from + seconds);
  }
}
