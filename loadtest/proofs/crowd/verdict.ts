import type { Check } from '../../kit/report.ts';
import { sumOf } from '../../kit/statistics.ts';
import type { CrowdNotes, WaitingCrowd } from '../../kit/waiting-crowd.ts';
import { orderChecks } from '../../kit/waiting-crowd-verdict.ts';
import type { Desk, Route } from './desk.ts';

/** Requests that may reach Frontrow for each visitor. */
const MAX_REQUESTS = 3;

/** A run that has ended. `reached`: the requests that Frontrow counted. */
export type Run = {
  size: number;
  visitors: WaitingCrowd;
  desk: Desk;
  notes: CrowdNotes & { seats: number };
  reached: Record<Route, number>;
  turnSeconds: number;
  endedMs: number;
};

/** Requests for each visitor: of those who read the line, by Frontrow's count, and of those who polled. */
export function requestsOf({ size, visitors, reached }: Run) {
  let [polling, polled, most] = [0, 0, 0];
  visitors.requests.forEach((requests, visitor) => {
    if (visitors.isPolling(visitor)) [polling, polled] = [polling + 1, polled + requests];
    else most = Math.max(most, requests);
  });
  const all = sumOf(Object.values(reached));
  return { byLine: (all - polled) / (size - polling), most, byPoll: polled / polling, polling, all };
}

export function judge(run: Run): Check[] {
  const { desk, reached } = run;
  const { byLine, most } = requestsOf(run);
  const unlike = (['join', 'poll', 'book'] as const).filter((route) => reached[route] !== desk.sent[route]);
  return [
    {
      what: `at most ${MAX_REQUESTS} requests reach Frontrow for each visitor who reads the line`,
      held: byLine <= MAX_REQUESTS,
      figure: `${byLine.toFixed(2)} on average; of one visitor ${most} at most`,
    },
    {
      what: 'Frontrow has counted what was sent',
      held: unlike.length === 0,
      figure: (['join', 'poll', 'book'] as const).map((route) => `${route} ${reached[route]}`).join(', '),
      examples: unlike.map((route) => `${route}: ${desk.sent[route]} sent`),
    },
    ...orderChecks(run),
  ];
}
