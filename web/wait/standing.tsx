import type { ComponentChildren } from 'preact';
import { Countdown } from '../countdown.tsx';
import { formatNumber } from '../format.ts';
import { texts } from '../texts/texts.ts';
import { momentText } from '../times.ts';
import { rangeText, waitText } from './text.ts';
import type { VisitorView } from './visit-state.ts';

type StandingProps = {
  /** Leads the visitor on. Undefined where the page itself leads to the seats, as a page of another site does. */
  onward?: ComponentChildren;
  /** Whether it leads to another site, which may have no seats. */
  leadsToSite?: boolean;
  view: VisitorView;
  progress: number;
  joinAgain: () => void;
  /** The server's clock, in milliseconds since 1970. */
  clock: () => number;
};

/** The visitor's place or turn, status by status. */
export function Standing({ onward, leadsToSite = false, view, progress, joinAgain, clock }: StandingProps) {
  switch (view.status) {
    case 'before_sale':
      return <BeforeSale view={view} clock={clock} />;
    case 'waiting':
      return <Waiting view={view} progress={progress} />;
    case 'your_turn':
      return (
        <>
          <YourTurn leadsToSite={leadsToSite} view={view} clock={clock} />
          {onward}
        </>
      );
    case 'open':
      return (
        <>
          <p>{texts.wait.noLine}</p>
          {onward}
        </>
      );
    case 'sold_out':
      return <p>{texts.wait.soldOut}</p>;
    case 'ended':
      return <p>{texts.wait.ended}</p>;
    case 'turn_passed':
    case 'left':
      return (
        <>
          <p>{view.status === 'left' ? texts.wait.leftText : texts.wait.passedText}</p>
          <button type="button" class="action" onClick={joinAgain}>
            {texts.wait.joinAgain}
          </button>
        </>
      );
  }
}

type Clocked = { view: VisitorView; clock: StandingProps['clock'] };

function BeforeSale({ view: { onSaleAt, timeZone = 'UTC', paused, position }, clock }: Clocked) {
  return (
    <>
      {onSaleAt !== undefined && (
        <p class="figure">
          <Countdown until={onSaleAt} label={texts.wait.timeUntilSale} clock={clock} />
          <span>
            {texts.wait.untilSale}
            <small>{momentText(onSaleAt, timeZone)}</small>
          </span>
        </p>
      )}
      <p>{position === undefined ? texts.wait.draw : texts.wait.postponed}</p>
      {paused && <Paused />}
    </>
  );
}

function Waiting({ view, progress }: { view: VisitorView; progress: number }) {
  const { ahead, position, wait, paused, stopped, likelySoldOut } = view;
  if (ahead === undefined) return <p>{texts.wait.drawing}</p>;
  const range = wait === undefined ? undefined : rangeText(wait.fromSeconds, wait.toSeconds);
  return (
    <>
      <p class="figure">
        <strong>{formatNumber(ahead)}</strong>
        <span>{texts.wait.ahead(ahead)}</span>
      </p>
      <Bar progress={progress} text={texts.wait.peopleAhead(ahead)} seconds={view.askAgainSeconds} />
      {stopped && <p class="notice">{texts.wait.stopped}</p>}
      {paused && <Paused />}
      {likelySoldOut && <Notice title={texts.wait.likelySoldOut}>{texts.wait.likelySoldOutText}</Notice>}
      <dl>
        {wait !== undefined && !paused && (
          <div>
            <dt>{texts.wait.estimatedWait}</dt>
            <dd>
              {waitText(wait.seconds)}
              {range !== undefined && <small>{texts.wait.probably(range)}</small>}
            </dd>
          </div>
        )}
        {position !== undefined && (
          <div>
            <dt>{texts.wait.place}</dt>
            <dd>
              {formatNumber(position)}
              <small>{texts.wait.neverChanges}</small>
            </dd>
          </div>
        )}
      </dl>
    </>
  );
}

const Paused = () => <Notice title={texts.wait.paused}>{texts.wait.pausedText}</Notice>;

const Notice = ({ title, children }: { title: string; children: ComponentChildren }) => (
  <p class="notice">
    <strong>{title}.</strong> {children}
  </p>
);

/** A row of seats that fills. It moves to the current progress until the next answer is due. */
const Bar = ({ progress, text, seconds }: { progress: number; text: string; seconds: number }) => (
  <div
    class="bar"
    role="progressbar"
    aria-label={texts.wait.wayToFront}
    aria-valuenow={Math.floor(100 * progress)}
    aria-valuetext={text}
  >
    <div style={{ transform: `scaleX(${progress})`, transitionDuration: `${seconds}s` }} />
  </div>
);

function YourTurn({ leadsToSite, view, clock }: Clocked & { leadsToSite: boolean }) {
  if (view.admission === undefined) return null;
  const { timeToChoose, leftToChoose, timeToContinue, leftToContinue } = texts.wait;
  return (
    <p class="figure">
      <Countdown until={view.admission.expiresAt} label={leadsToSite ? timeToContinue : timeToChoose} clock={clock} />
      <span>{leadsToSite ? leftToContinue : leftToChoose}</span>
    </p>
  );
}
