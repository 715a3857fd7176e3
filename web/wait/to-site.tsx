import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { ProblemFields, VisitorStatus } from '../../client/src/index.ts';
import { refusalText } from '../refusal-text.ts';
import { siteTexts } from '../texts/site.ts';
import { texts } from '../texts/texts.ts';
import { returnAddressOf, siteNameOf } from './return-address.ts';
import type { Site } from './site.tsx';
import { useWayOn, type WayOn } from './way-on.ts';

export type ToSiteProps = {
  eventId: number;
  site: Site;
  status: VisitorStatus;
  visitorToken: () => string | undefined;
  joinAgain: () => void;
  /** The way on where there is no site. */
  otherwise: ComponentChildren;
};

/** Leads to the site: by itself or by a button. It is loaded by the pages that have one. */
export function ToSite({ eventId, site, status, visitorToken, joinAgain, otherwise }: ToSiteProps) {
  const [address] = useState(() => returnAddressOf(location.search));
  const returnTo = address instanceof URL ? address.href : undefined;
  const isLed = returnTo !== undefined || site.sites !== undefined;
  const goesByItself = isLed && (status === 'your_turn' || returnTo !== undefined);
  const { way, go } = useWayOn({ eventId, returnTo, visitorToken }, status, goesByItself);
  return (
    <>
      {isLed ? <Way {...{ way, go, joinAgain }} name={siteNameOf(site, address)} /> : otherwise}
      {address === 'invalid' && <p class="notice">{siteTexts().returnInvalid}</p>}
    </>
  );
}

type WayProps = { name: string | undefined; way: WayOn; go: () => Promise<void>; joinAgain: () => void };

/** A button that leads to the site, and why it does not. */
function Way({ name, way, go, joinAgain }: WayProps) {
  const { refusal, canGo, canJoin } = way.state === 'refused' ? refusedWay(way) : FREE;
  return (
    <>
      {canGo && (
        <button type="button" class="action" aria-disabled={way.state === 'going'} onClick={() => void go()}>
          {siteTexts().continueTo(name)}
        </button>
      )}
      <p role="status">
        {(way.state === 'soon' || way.state === 'going') && siteTexts().going(name)}
        {way.state === 'here' && way.wasSentBack && siteTexts().sentBack}
      </p>
      {refusal !== undefined && (
        <p class="notice" role="alert">
          {refusal}
        </p>
      )}
      {canJoin && (
        <button type="button" class="action" onClick={joinAgain}>
          {texts.wait.joinAgain}
        </button>
      )}
    </>
  );
}

type Refused = { refusal: string | undefined; canGo: boolean; canJoin: boolean };

const FREE: Refused = { refusal: undefined, canGo: true, canJoin: false };

/** The meaning of a refusal for the visitor, and whether they can go on or join again. */
function refusedWay({ problem, isFinal }: { problem: ProblemFields; isFinal: boolean }): Refused {
  const { code, reason } = problem as { code?: string; reason?: string };
  if (!isFinal) return { refusal: siteTexts().notEntered, canGo: true, canJoin: false };
  if (code === 'SITE_UNKNOWN') return { refusal: siteTexts().siteUnknown, canGo: false, canJoin: false };
  if (code === 'ADMISSION_INVALID' && reason === 'used_up')
    return { refusal: siteTexts().usedUp, canGo: false, canJoin: true };
  return { refusal: refusalText(problem), canGo: true, canJoin: false };
}
