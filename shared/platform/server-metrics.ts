import { counter, gauge, histogram, STEP_SECONDS } from './metrics.ts';

/** Metrics of the servers, clocks and loops of this process. */
export const serverMetrics = {
  redisUp: gauge('frontrow_redis_up', 'Whether Redis answers.'),
  redisLatency: gauge('frontrow_redis_latency_seconds', 'Duration of a PING.'),
  redisMemory: gauge('frontrow_redis_memory_bytes', 'Memory that Redis uses.'),
  redisMemoryLimit: gauge(
    'frontrow_redis_memory_limit_bytes',
    'The maxmemory of Redis, else the memory of its machine.',
  ),
  redisConnections: gauge(
    'frontrow_redis_connections',
    'Connections to Redis that are ready, without those that BullMQ opens for blocking reads.',
    'role',
  ),
  redisInFlight: gauge('frontrow_redis_commands_in_flight', 'Commands without a reply.', 'role'),
  redisReconnects: counter('frontrow_redis_reconnects_total', 'Connections to Redis that were lost.', 'role', [
    'producer',
    'worker',
    'subscriber',
  ]),
  scriptSeconds: histogram(
    'frontrow_redis_script_duration_seconds',
    'Round trip of a Redis script.',
    STEP_SECONDS,
    'script',
  ),
  postgresUp: gauge('frontrow_postgres_up', 'Whether PostgreSQL answers.'),
  postgresLatency: gauge('frontrow_postgres_latency_seconds', 'Duration of a small query.'),
  postgresPool: gauge('frontrow_postgres_pool_connections', 'Connections to PostgreSQL.', 'state'),
  postgresWaiting: gauge('frontrow_postgres_pool_waiting', 'Statements that wait for a connection.'),

  clockSkew: gauge(
    'frontrow_clock_skew_seconds',
    'How far the clock of this process is ahead of the clock of Redis or PostgreSQL.',
    'server',
  ),

  loopsStalled: gauge('frontrow_loops_stalled', 'Loops of this process that make no progress.', 'loop'),
  loopStalls: counter('frontrow_loop_stalls_total', 'Stalls of loops of this process.', 'loop'),
};
