import { useRef, useState } from 'preact/hooks';
import { randomKey } from '../../../../client/src/index.ts';
import type { House } from '../../../house/house.ts';
import { isRefused } from '../../../refused.ts';
import type { Operator } from '../../operator-client.ts';
import { formatFigure } from '../../text.ts';
import { Question } from '../kit/question.tsx';
import { faultText } from '../kit/read-fault.tsx';
import { seatLines } from '../kit/seat-words.ts';
import { type BlockAct, type BlockProgress, changeSeats } from './block-run.ts';
import type { ByStatus } from './choice.ts';

type Run = { act: BlockAct; progress: BlockProgress; isRunning: boolean; fault?: unknown };

type Props = {
  operator: Operator;
  eventId: number;
  house: House;
  /** The chosen seats. */
  byStatus: ByStatus;
};

const seatsText = (count: number): string => (count === 1 ? '1 seat' : `${formatFigure(count)} seats`);

/** Blocks the free seats of a choice, and releases the blocked ones. Seats that somebody has are never changed. */
export function BlockActs({ operator, eventId, house, byStatus }: Props) {
  const [run, setRun] = useState<Run>();
  const isRunning = useRef(false);
  const { free, held, sold, blocked } = byStatus;

  async function change(act: BlockAct, seats: readonly string[]): Promise<void> {
    if (isRunning.current || seats.length === 0) return;
    isRunning.current = true;
    let progress: BlockProgress = { changed: 0, done: 0, total: seats.length, taken: [] };
    setRun({ act, progress, isRunning: true });
    const send = async (part: readonly string[]): Promise<number> => {
      const body = { seats: part };
      const path = `/api/events/${eventId}/${act}`;
      const { answer } = await operator.act<{ changed: number }>({ method: 'POST', path, body, key: randomKey() });
      return answer.changed;
    };
    try {
      await changeSeats(seats, send, (reached) => {
        progress = reached;
        setRun({ act, progress, isRunning: true });
      });
      setRun({ act, progress, isRunning: false });
    } catch (fault) {
      setRun({ act, progress, isRunning: false, fault });
    }
    isRunning.current = false;
  }

  const isBusy = run?.isRunning === true;
  const kept = held.length + sold.length;
  return (
    <section aria-label="Block and release">
      <div class="buttons">
        <button
          type="button"
          class="action"
          aria-disabled={isBusy || free.length === 0}
          onClick={() => void change('block', free)}
        >
          Block {seatsText(free.length)}
        </button>
        <Question
          label={`Release ${seatsText(blocked.length)} …`}
          title={`Release ${seatsText(blocked.length)}?`}
          keep="Keep them blocked"
          confirm="Release them"
          isDisabled={isBusy || blocked.length === 0}
          isSending={isBusy}
          onConfirm={() => change('unblock', blocked)}
        >
          <p class="soft">Buyers may take them at once where the event is on sale.</p>
        </Question>
      </div>
      {kept > 0 && (
        <p class="soft">
          {kept === 1 ? '1 seat of the choice is held or sold' : `${formatFigure(kept)} of the choice are held or sold`}
          : they are never blocked.
        </p>
      )}
      {run !== undefined && <RunReport run={run} house={house} />}
    </section>
  );
}

/** How far a run is, or how it ended: how many seats changed, and which did not and why. */
function RunReport({ run, house }: { run: Run; house: House }) {
  const { act, progress, isRunning, fault } = run;
  const { changed, done, total, taken } = progress;
  const verb = act === 'block' ? 'blocked' : 'released';
  if (isRunning) {
    return (
      <p role="status">
        {act === 'block' ? 'Blocking' : 'Releasing'} … {formatFigure(done)} of {formatFigure(total)}
      </p>
    );
  }
  const others = done - changed - taken.length;
  return (
    <div role="status">
      <p>
        <strong>
          {seatsText(changed)} {verb}.
        </strong>{' '}
        {others > 0 && `${seatsText(others)} had changed before${act === 'unblock' ? ', or are in doubt' : ''}. `}
        {taken.length > 0 &&
          `${seatsText(taken.length)} not ${verb}, because buyers took them: ${seatLines(house, taken).join('; ')}.`}
      </p>
      {fault !== undefined && (
        <p class="notice">
          <strong>
            The other {seatsText(total - done)} {isRefused(fault) ? `were not ${verb}` : 'may be changed or not'}.
          </strong>{' '}
          {faultText(fault)}
          {!isRefused(fault) && ' It does no harm to do it again: the plan shows what is left.'}
        </p>
      )}
    </div>
  );
}
