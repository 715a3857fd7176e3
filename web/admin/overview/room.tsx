import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { EventOfOperators } from '../../../shared/contract/overview.ts';
import { formatFigure } from '../text.ts';
import type { Change } from './event-card.tsx';

type Room = EventOfOperators['room'];

const MODES: Record<Room['mode'], string> = {
  off: 'Its line ends, and everybody may book at once.',
  on: 'Buyers wait in line, and are admitted in order.',
  auto: 'A line forms once more people come than can be served.',
};

type RoomProps = { event: EventOfOperators; change: Change };

/** The waiting room of an event: its line, and its settings. */
export function RoomSettings({ event: { name, room }, change }: RoomProps) {
  const { mode, paused, challenge, line } = room;
  const [chosen, setChosen] = useState<Room['mode']>();
  return (
    <fieldset class="room">
      <legend>Waiting room</legend>
      <p class="soft">
        {line === undefined
          ? 'Nobody is waiting.'
          : `${line.on ? 'On' : 'Off at the moment'}: ${formatFigure(line.waiting)} waiting, ` +
            `${formatFigure(line.inside)} inside, ${formatFigure(line.speedPerSecond)} admitted a second.`}
        {paused && ' Admission is paused.'}
      </p>
      <div class="buttons">
        <label>
          <span class="label">Mode</span>
          <select value={chosen ?? mode} onChange={(e) => setChosen(e.currentTarget.value as Room['mode'])}>
            <option value="off">off</option>
            <option value="on">on</option>
            <option value="auto">auto</option>
          </select>
        </label>
        <label>
          <span class="label">Challenge at joining</span>
          <select value={challenge} onChange={(e) => void change.room({ challenge: e.currentTarget.value })}>
            <option value="off">none</option>
            <option value="work">task for the browser</option>
            <option value="outside">outside check</option>
          </select>
        </label>
        <People peoplePerMinute={room.peoplePerMinute} change={change} />
      </div>
      {chosen !== undefined && chosen !== mode && (
        <ModeQuestion
          title={`Change the waiting room of ${name} from ${mode} to ${chosen}?`}
          text={MODES[chosen]}
          keep={() => setChosen(undefined)}
          confirm={async () => {
            await change.room({ mode: chosen }, { mode }, `The waiting room of ${name} is ${chosen}.`);
            setChosen(undefined);
          }}
        />
      )}
    </fieldset>
  );
}

function People({ peoplePerMinute, change }: { peoplePerMinute: number | null; change: Change }) {
  const [rate, setRate] = useState<string>();
  const setPeople = async (e: SubmitEvent) => {
    e.preventDefault();
    if (rate === undefined) return;
    await change.room({ peoplePerMinute: rate === '' ? null : Number(rate) });
    setRate(undefined);
  };
  return (
    <form onSubmit={(e) => void setPeople(e)}>
      <label>
        <span class="label">People a minute</span>
        <input
          type="number"
          min="1"
          max="10000000"
          placeholder="automatic"
          value={rate ?? peoplePerMinute ?? ''}
          onInput={(e) => setRate(e.currentTarget.value)}
        />
      </label>
      <button type="submit" class="plain" disabled={rate === undefined}>
        Set
      </button>
    </form>
  );
}

type ModeQuestionProps = { title: string; text: string; keep: () => void; confirm: () => Promise<void> };

function ModeQuestion({ title, text, keep, confirm }: ModeQuestionProps) {
  const keepButton = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => keepButton.current?.focus(), []);
  return (
    <fieldset class="question" onKeyDown={(e) => e.key === 'Escape' && keep()}>
      <legend>{title}</legend>
      <p class="soft">{text}</p>
      <button type="button" class="plain" ref={keepButton} onClick={keep}>
        Keep the mode
      </button>
      <button type="button" class="plain" onClick={() => void confirm()}>
        Change the mode
      </button>
    </fieldset>
  );
}
