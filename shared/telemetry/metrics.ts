import { errorCodes } from '../contract/codes.ts';
import { ticketKind } from '../contract/tickets.ts';
import { counter, counterWithLabels, gauge, histogram, STEP_SECONDS } from '../platform/metrics.ts';

/*
 * The metrics of Frontrow, beside those of its servers (shared/platform/server-metrics.ts). Each counts for its whole
 * process. Labels take few values: the pattern of a route and never a path, never a ticket or a user.
 */

/** Upper bounds of buckets in seconds, for what may wait behind a herd. */
const WAIT_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** The same for the wait that the waiting room estimates. */
const ESTIMATE_SECONDS = [1, 2, 5, 10, 30, 60, 120, 300, 900];

/** Upper bounds of buckets for the size of batches. */
const BATCH_SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

const KINDS = ticketKind.options;
const QUEUES = ['booking', 'control'];

export const metrics = {
  httpSeconds: histogram(
    'frontrow_http_request_duration_seconds',
    'From the headers of a request to the head of its answer, the wait of a long poll included.',
    WAIT_SECONDS,
    'method',
    'route',
    'code',
  ),
  httpErrors: counter('frontrow_http_errors_total', 'Answers with an error code.', 'code', errorCodes),
  sockets: gauge('frontrow_sockets', 'Open WebSockets.'),

  accepted: counter('frontrow_tickets_accepted_total', 'Tickets whose requests are on the queue.', 'kind', KINDS),
  outcomes: counterWithLabels('frontrow_outcomes_total', 'Tickets that got their outcome.', 'kind', 'status', 'code'),
  queueSeconds: histogram(
    'frontrow_queue_wait_seconds',
    'From a ticket’s acceptance until a worker takes its job.',
    WAIT_SECONDS,
    'queue',
  ),
  outcomeSeconds: histogram(
    'frontrow_outcome_seconds',
    'From a ticket’s acceptance until its outcome.',
    WAIT_SECONDS,
    'queue',
  ),
  batchRequests: histogram('frontrow_batch_requests', 'Requests that are processed together.', BATCH_SIZES, 'step'),
  stepSeconds: histogram('frontrow_step_duration_seconds', 'Duration of one step of a batch.', STEP_SECONDS, 'step'),
  settled: counter('frontrow_tickets_settled_total', 'Tickets that have their outcome, as Redis counts them.', 'shard'),
  queueDepth: gauge('frontrow_queue_depth', 'Tickets without an outcome.', 'shard'),
  queueJobs: gauge('frontrow_queue_jobs', 'Jobs of a queue.', 'shard', 'queue', 'state'),
  queueOldest: gauge('frontrow_queue_oldest_seconds', 'Age of the oldest unfinished job.', 'shard', 'queue'),
  jobFaults: counter('frontrow_job_faults_total', 'Failed attempts of jobs, which are retried.', 'queue', QUEUES),
  jobsSetAside: counter('frontrow_jobs_set_aside_total', 'Jobs that a worker could not read.', 'queue', QUEUES),
  jobsUnreadable: gauge(
    'frontrow_jobs_unreadable',
    'Jobs that no worker could read and that are offered again later.',
    'shard',
    'queue',
  ),
  jobStalls: counter('frontrow_job_stalls_total', 'Jobs that lost their worker.', 'queue', QUEUES),
  poison: counter('frontrow_poison_requests_total', 'Requests whose job failed for good.', 'job', [
    'book',
    'change',
    'exchange',
    'order',
  ]),

  seats: gauge('frontrow_seats', 'Seats of the newest events.', 'event', 'status'),
  holdsLive: gauge('frontrow_holds_live', 'PENDING bookings.'),
  holdsExpired: counter('frontrow_holds_expired_total', 'Holds that expired.'),
  seatsMended: counter('frontrow_seats_mended_total', 'Seats that Redis copied from PostgreSQL.'),
  seatsReconciled: counter('frontrow_seats_reconciled_total', 'Differences that were corrected.', 'how', [
    'mended',
    'freed',
    'doubted',
    'recounted',
  ]),
  seatsInDoubt: gauge(
    'frontrow_seats_in_doubt',
    'Blocked seats that may belong to a booking that PostgreSQL lost.',
    'shard',
  ),
  ordersOverdue: gauge('frontrow_orders_overdue', 'Payments that were told and are not decided after ten seconds.'),
  refundsDue: gauge('frontrow_refunds_due', 'Orders whose money has to be given back, or a part of it.'),
  refundDueAmount: gauge(
    'frontrow_refund_due_amount',
    'Money that has to be given back, in the minor unit of its currency.',
    'currency',
  ),
  auditDifferences: counter('frontrow_audit_differences_total', 'Differences that audits found.'),

  webhookMessages: counter('frontrow_webhook_messages_total', 'Attempts to send a message to a webhook.', 'outcome', [
    'delivered',
    'failed',
    'gone',
  ]),
  webhookLag: gauge(
    'frontrow_webhook_lag_seconds',
    'Age of the oldest change that an active webhook has yet to get.',
    'webhook',
  ),
  webhookChanges: gauge(
    'frontrow_webhook_lag_changes',
    'Changes that an active webhook has yet to get; counted up to some thousands.',
    'webhook',
  ),
  webhooksStopped: gauge('frontrow_webhooks_stopped', 'Webhooks that were given up after three days of failures.'),

  roomOn: gauge('frontrow_waiting_room_on', 'Whether booking needs an admission.', 'event'),
  roomMoves: gauge(
    'frontrow_waiting_room_moves',
    'Whether visitors are being admitted: the room is on, not paused, and seats are left.',
    'event',
  ),
  roomJoined: gauge('frontrow_waiting_room_joined', 'Arrival numbers that were given.', 'event'),
  roomServing: gauge('frontrow_waiting_room_serving', 'The last position that may enter.', 'event'),
  roomInside: gauge('frontrow_waiting_room_inside', 'Admitted visitors who have not booked.', 'event'),
  roomRate: gauge('frontrow_waiting_room_people_per_second', 'Visitors admitted per second, recently.', 'event'),
  roomAdmissions: counter('frontrow_waiting_room_admissions_total', 'Visitors who were admitted.', 'event'),
  gateAnswers: counter('frontrow_gate_answers_total', 'Answers of the gate to sites.', 'answer', [
    'open',
    'admitted',
    'entered',
    'waiting',
  ]),
  roomEstimateError: histogram(
    'frontrow_waiting_room_estimate_error_seconds',
    'Difference between the estimated and the real wait of the last visitor in line.',
    ESTIMATE_SECONDS,
  ),

  serverSettingWrong: gauge(
    'frontrow_server_setting_wrong',
    'Whether a setting of Redis or PostgreSQL may lose data. Not shown where it cannot be read.',
    'setting',
  ),
  redisWritable: gauge('frontrow_redis_writable', 'Whether Redis takes a write.', 'shard'),
  scheduleAge: gauge('frontrow_schedule_age_seconds', 'Seconds since a scheduled job was last done.', 'schedule'),
  problems: gauge('frontrow_pipeline_problem', 'Whether a problem keeps accepted work from being done.', 'problem'),

  workersAlive: gauge('frontrow_workers_alive', 'Worker processes with a recent heartbeat.'),
  workersDesired: gauge('frontrow_workers_desired', 'Worker processes that the load needs.'),
};

/** Outcomes that this process has settled, by status, or by code where a request was refused. */
export async function countOutcomes(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { labels, value } of (await metrics.outcomes.get()).values) {
    const name = String(labels.code || labels.status);
    counts[name] = (counts[name] ?? 0) + value;
  }
  return counts;
}
