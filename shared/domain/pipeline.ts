import type { PipelineFacts, Problem } from '../contract/pipeline.ts';

/**
 * Seconds that a queue or a schedule may make no progress, beyond a schedule's own interval: a stop shows within 15 s.
 */
const QUIET_SECONDS = 10;

/**
 * The problems that stop work or need an operator, the worst first, each with a message for operators. Consequences of
 * an unavailable service are omitted.
 */
export function problemsOf(facts: PipelineFacts): Problem[] {
  const { redisUp, notWritable, postgresUp, workersAlive, queues, schedules, stalledLoops, seatsInDoubt = 0 } = facts;
  const problems: Problem[] = [];
  const add = (code: Problem['code'], message: string) => problems.push({ code, message });
  if (!redisUp) add('redis_down', 'Redis does not answer: no request is accepted.');
  else if (notWritable.length > 0) {
    const shared = notWritable.includes(0) ? ' Shard 0 also has what operators see and do: heartbeats, workers.' : '';
    add(
      'redis_not_writable',
      `Redis takes no writes (shard ${notWritable.join(', ')}): no request for their events is accepted.${shared}`,
    );
  }
  if (!postgresUp) add('postgres_down', 'PostgreSQL does not answer: no booking is saved, outcomes wait.');
  if (workersAlive === 0) add('no_worker', 'No worker runs: accepted requests wait.');
  for (const { shard, queue, isPaused, oldestSeconds, quietSeconds = oldestSeconds } of queues) {
    const name = `The ${queue} queue of shard ${shard}`;
    if (isPaused) add('queue_paused', `${name} is paused: its jobs wait until it is resumed.`);
    else if (workersAlive !== 0 && oldestSeconds > QUIET_SECONDS && quietSeconds > QUIET_SECONDS)
      add('queue_stuck', `${name} does not move: no job was done for ${Math.round(quietSeconds)} s.`);
  }
  if (postgresUp && workersAlive !== 0 && notWritable.length === 0)
    for (const { name, everySeconds, quietSeconds = 0 } of schedules)
      if (quietSeconds > everySeconds + QUIET_SECONDS)
        add('schedule_stopped', `The schedule "${name}" has not run for ${Math.round(quietSeconds)} s.`);
  for (const loop of stalledLoops) add('loop_stalled', `A loop makes no progress: ${loop}.`);
  for (const { shard, queue, unreadable } of queues) {
    const jobs = unreadable === 1 ? '1 job' : `${unreadable} jobs`;
    if (unreadable > 0)
      add('job_unreadable', `${jobs} of the ${queue} queue of shard ${shard} cannot be read by any worker: set aside.`);
  }
  if (seatsInDoubt > 0) {
    const seats = seatsInDoubt === 1 ? '1 seat is' : `${seatsInDoubt} seats are`;
    const why = 'Redis had them as taken, PostgreSQL has no booking of them';
    add('seats_in_doubt', `${seats} in doubt and not for sale: ${why}. Settle them by npm run settle-doubt.`);
  }
  return problems;
}
