/** The system that a store belongs to, and its number of shards. PostgreSQL makes the id; Redis has a copy of both. */
export type SystemRecord = { id: string; shards: number };

/** The copy in Redis, as text. */
export const copyOf = ({ id, shards }: SystemRecord): string => `${id} ${shards}`;

/** Whether a Redis with this copy belongs to the system. */
export const belongsTo = ({ id }: SystemRecord, inRedis: string): boolean => inRedis.split(' ')[0] === id;

/** The number of shards in a copy. */
export const shardsIn = (inRedis: string): number => Number(inRedis.split(' ')[1]);

export const OTHER_SYSTEM =
  'The Redis of REDIS_URL and the database of DATABASE_URL belong to different systems: correct the wrong address. ' +
  'docs/deploy.md#shards-and-systems says what to do where both are right.';

/**
 * Finds why a process must not work on a pair of stores. A store that cannot be read, or has no copy yet, is undefined:
 * the other one alone decides.
 *
 * @returns one line that says what to do, or undefined
 */
export function systemProblem(
  shards: number,
  inPostgres: SystemRecord | undefined,
  inRedis: string | undefined,
): string | undefined {
  const shardsInRedis = inRedis === undefined ? undefined : shardsIn(inRedis);
  if (inPostgres !== undefined && inRedis !== undefined) {
    if (!belongsTo(inPostgres, inRedis)) return OTHER_SYSTEM;
    if (shardsInRedis !== inPostgres.shards)
      return (
        `The number of shards is ${inPostgres.shards} in PostgreSQL and ${shardsInRedis} in Redis: a change of it ` +
        'did not end. Stop all parts and run `npm run shards -- --to N` with the number that you want.'
      );
  }
  const recorded = inPostgres?.shards ?? shardsInRedis;
  if (recorded === undefined || recorded === shards) return undefined;
  return (
    `SHARDS=${shards} here, but this system has ${recorded}: set SHARDS=${recorded}. ` +
    '`npm run shards -- --help` says how to change the number.'
  );
}
