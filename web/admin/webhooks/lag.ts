import type { WebhookView } from '../../../shared/contract/webhooks.ts';
import { formatFigure, formatSeconds } from '../text.ts';

/** Seconds that the oldest unsent change may wait: longer is a warning. The alert WebhookLags takes longer. */
const LATE_SECONDS = 60;

type Lagging = Pick<WebhookView, 'status' | 'lag'>;

/** Whether changes reach an endpoint late, or it was stopped. */
export const isLate = ({ status, lag }: Lagging): boolean =>
  status === 'STOPPED' || (status === 'ACTIVE' && lag.changes > 0 && lag.seconds > LATE_SECONDS);

/** How far an endpoint is behind: `3 changes, the oldest for 2 min`. */
export const lagText = ({ changes, seconds }: WebhookView['lag']): string =>
  changes === 0
    ? 'nothing to send'
    : `${changes === 1 ? '1 change' : `${formatFigure(changes)} changes`}, the oldest for ${formatSeconds(seconds)}`;

/** A problem for each endpoint that is late. */
export const lagProblems = (webhooks: readonly WebhookView[]): string[] =>
  webhooks
    .filter(isLate)
    .map(({ status, description, url, lag }) =>
      status === 'STOPPED'
        ? `The webhook ${description || url} was stopped: it failed for three days. It is behind: ${lagText(lag)}.`
        : `The webhook ${description || url} is behind: ${lagText(lag)}.`,
    );
