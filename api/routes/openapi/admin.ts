import { z } from 'zod';
import { herdView } from '../../../shared/contract/herd.ts';
import { auditReport, rebuildReport } from '../../../shared/contract/jobs.ts';
import { eventsFound, eventsQuery, historyQuery, loadHistory } from '../../../shared/contract/overview.ts';
import { trailPage, trailQuery } from '../../../shared/contract/trail.ts';
import { workersBody, workersView } from '../../../shared/contract/workers.ts';
import { maintenanceQuery } from '../admin.ts';
import { answer, type OperationPaths, ok, operations } from './operations.ts';
import { keyed } from './parameters.ts';

const ofOperator = operations('Operators', 'operator');

const maintain = (id: string, summary: string, description: string, schema: z.ZodType) =>
  ofOperator(id, summary, { query: maintenanceQuery, ...keyed }, ok(description, schema), ['EVENT_UNKNOWN']);

export const adminPaths: OperationPaths = {
  '/admin/audit': {
    post: maintain(
      'auditStores',
      'Compare PostgreSQL and Redis',
      'The comparisons and the differences found.',
      auditReport,
    ),
  },
  '/admin/rebuild': {
    post: maintain('rebuildRedis', 'Rebuild Redis from PostgreSQL', 'The events that were rebuilt.', rebuildReport),
  },
  '/admin/trail': {
    get: ofOperator(
      'listTrail',
      "List operators' acts, the newest first. `after` is the number of the last entry of the previous page",
      { query: trailQuery },
      ok('A page.', trailPage),
    ),
  },
  '/admin/events': {
    get: ofOperator(
      'findEvents',
      'Find up to 20 events by number or by a part of the name, with seats and lines; without `find` the busiest',
      { query: eventsQuery },
      ok('The events.', eventsFound),
    ),
  },
  '/admin/history': {
    get: ofOperator(
      'showLoadHistory',
      'Show the load of the last minutes: tickets waiting, accepted and settled, and workers',
      { query: historyQuery },
      ok('The points, the oldest first.', loadHistory),
    ),
  },
  '/admin/session': {
    post: ofOperator(
      'openQueueBoard',
      'Open a session of eight hours in which this browser may view the queues, at the path of the answer',
      {},
      ok('A cookie for that path alone, where operators need a token.', z.object({ path: z.string() })),
    ),
  },
  '/admin/workers': {
    get: ofOperator(
      'showWorkers',
      'Count the worker processes: running and desired',
      {},
      ok('The counts.', workersView),
    ),
    post: ofOperator(
      'setWorkers',
      'Set the desired number of worker processes. `auto`: as many as the load needs',
      { body: workersBody },
      ok('The counts. The supervisor starts or stops processes within two seconds.', workersView),
    ),
  },
  '/admin/herd': {
    get: ofOperator(
      'showHerd',
      'Show the progress of the demonstration herd. On embedded servers only',
      {},
      ok('The progress.', herdView),
    ),
    post: ofOperator(
      'startHerd',
      'Send 5,000 buyers to event 1, unless a herd is running. On embedded servers only',
      {},
      { '202': answer('The progress.', herdView) },
    ),
  },
};
