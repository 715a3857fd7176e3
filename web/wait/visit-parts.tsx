import { useRef } from 'preact/hooks';
import { refusalText } from '../refusal-text.ts';
import { texts } from '../texts/texts.ts';
import { type Announcement, announce, headingOf } from './text.ts';
import type { Trouble, Visit, VisitorView } from './visit-state.ts';

export function headingOfVisit(visit: Visit): string {
  switch (visit.state) {
    case 'joining':
      return visit.trouble === undefined ? texts.wait.joining : texts.wait.unreachable;
    case 'checking':
      return texts.wait.checking;
    case 'inRoom':
      return headingOf(visit.view.status);
    case 'refused':
      return texts.wait.refused;
  }
}

/** The work that the line requires. Screen readers read the sentence once, and the bar only on request. */
export const Checking = ({ workDone }: { workDone: number }) => (
  <>
    <p role="status">{texts.wait.task}</p>
    <div class="bar" role="progressbar" aria-label={texts.wait.workDone} aria-valuenow={Math.floor(100 * workDone)}>
      <div style={{ transform: `scaleX(${workDone})`, transitionDuration: '0.2s' }} />
    </div>
  </>
);

export const Refusal = ({ problem, retry }: { problem: Parameters<typeof refusalText>[0]; retry: () => void }) => (
  <>
    <p role="alert">{refusalText(problem)}</p>
    <button type="button" class="action" onClick={retry}>
      {texts.wait.tryAgain}
    </button>
  </>
);

/** Announced once, when the trouble begins, and not for each retry. */
export const TroubleNotice = ({ trouble, hasPlace }: { trouble: Trouble; hasPlace: boolean }) => (
  <p class="notice trouble" role="alert">
    <strong>{trouble === 'lost' ? texts.wait.lost : texts.wait.busy}</strong>{' '}
    {hasPlace ? texts.wait.placeKept : texts.wait.tryingAgain}
  </p>
);

/** Announces changes to a screen reader, at most once a minute. Only the visitor's turn interrupts. */
export function Announcer({ view }: { view: VisitorView | undefined }) {
  const last = useRef<Announcement>(undefined);
  if (view !== undefined) last.current = announce(last.current, view, Date.now());
  return (
    <p class="unseen" aria-live={view?.status === 'your_turn' ? 'assertive' : 'polite'}>
      {last.current?.text}
    </p>
  );
}
