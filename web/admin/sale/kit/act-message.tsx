import { seatsOfProblem } from './problem-words.ts';
import type { ActState } from './use-act.ts';

type Props = { state: ActState<unknown>; doing: string; lost?: string };

/** A lost answer of an act that the server does once, however often it is sent. */
const LOST = 'It may be done, or not. Send it again: the server does it once.';

/** Where an act stands: under way, refused or without an answer. The page shows what is done. */
export function ActMessage({ state, doing, lost = LOST }: Props) {
  if (state.step === 'sending') return <p role="status">{doing} …</p>;
  if (state.step === 'lost') {
    return (
      <p class="notice" role="alert">
        <strong>No answer came: the connection was lost.</strong> {lost}
      </p>
    );
  }
  if (state.step !== 'refused') return null;
  const { message, code, problem } = state.fault;
  return (
    <div class="notice" role="alert">
      <p>
        <strong>This was not done.</strong> {message} <code>{code}</code>
      </p>
      {seatsOfProblem(problem) !== undefined && <p>{seatsOfProblem(problem)}</p>}
    </div>
  );
}
