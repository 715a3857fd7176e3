/** The durability settings that Redis and PostgreSQL report. Settings that could not be read are left out. */
export type ServerFacts = {
  redis: {
    appendonly?: string;
    appendfsync?: string;
    maxmemoryPolicy?: string;
    /** Replicas that are connected and follow. */
    replicas?: number;
    /** The values of REDIS_WAIT_REPLICAS that API and worker processes have. */
    waited?: readonly number[];
  };
  postgres: {
    fsync?: string;
    fullPageWrites?: string;
    synchronousCommit?: string;
    /** Whether commits wait for standbys at all. */
    hasSynchronousStandbys?: boolean;
    /** Standbys that are connected and that no commit waits for. */
    asynchronousStandbys?: number;
  };
};

/** One setting as read: `cost` names the possible loss by a `wrong` one; `unknown` could not be read. */
export type ServerSetting = { setting: string; value?: string; state: 'right' | 'wrong' | 'unknown'; cost: string };

/** A setting, its value, whether that value is right, and what a wrong one may cost. */
type Rule = [setting: string, value: string | undefined, isRight: (value: string) => boolean, cost: string];

const is = (right: string) => (value: string) => value === right;

/** Values of settings that lose nothing. */
const STRONG = { appendonly: 'yes', appendfsync: 'always', maxmemoryPolicy: 'noeviction' };

/** Of several Redis servers: of each setting a value that may lose data, if one has it, and the fewest replicas. */
export function weakestOf(servers: readonly ServerFacts['redis'][]): ServerFacts['redis'] {
  const [first = {}] = servers;
  const weakest = Object.entries(STRONG).flatMap(([setting, strong]) => {
    const values = servers.flatMap((server) => server[setting as keyof typeof STRONG] ?? []);
    const value = values.find((one) => one !== strong) ?? values[0];
    return value === undefined ? [] : [[setting, value]];
  });
  const replicas = servers.flatMap((server) => server.replicas ?? []);
  return {
    ...first,
    ...Object.fromEntries(weakest),
    ...(replicas.length > 0 && { replicas: Math.min(...replicas) }),
  };
}

/**
 * Checks the servers' settings against the promises: an accepted request is on Redis' disk before it is answered, an
 * outcome on PostgreSQL's before it is published. Without `appendonly`, Redis ignores `appendfsync`.
 *
 * @param waitReplicas REDIS_WAIT_REPLICAS
 */
export function judgeServerSettings({ redis, postgres }: ServerFacts, waitReplicas: number): ServerSetting[] {
  const { asynchronousStandbys, hasSynchronousStandbys, synchronousCommit } = postgres;
  const weakWithStandbys = ['local', 'remote_write'];
  const rules: Rule[] = [
    ['redis appendonly', redis.appendonly, is('yes'), 'Everything accepted is lost when Redis stops.'],
    [
      'redis appendfsync',
      redis.appendfsync,
      (value) => value === 'always' || redis.appendonly === 'no',
      redis.appendfsync === 'everysec'
        ? 'Up to two seconds of accepted requests are lost when the machine of Redis fails.'
        : 'Half a minute or more of accepted requests is lost when the machine of Redis fails.',
    ],
    [
      'redis maxmemory-policy',
      redis.maxmemoryPolicy,
      is('noeviction'),
      'A Redis that is full deletes tickets and queued jobs, without an error.',
    ],
    ['postgres fsync', postgres.fsync, is('on'), 'Bookings, or the whole database, are lost when its machine fails.'],
    [
      'postgres full_page_writes',
      postgres.fullPageWrites,
      is('on'),
      'Pages that were half written when its machine failed stay broken, unless the storage writes whole pages.',
    ],
    [
      'postgres synchronous_commit',
      synchronousCommit,
      (value) => value !== 'off' && !(hasSynchronousStandbys && weakWithStandbys.includes(value)),
      synchronousCommit === 'off'
        ? 'The latest bookings that were reported to buyers are lost when PostgreSQL fails.'
        : 'A promoted standby may lack bookings that were reported to buyers.',
    ],
    [
      'postgres asynchronous standbys',
      asynchronousStandbys?.toString(),
      is('0'),
      'Bookings that were reported to buyers may be missing after such a standby is promoted.',
    ],
  ];
  const { waited } = redis;
  if (waited !== undefined)
    rules.push([
      'REDIS_WAIT_REPLICAS',
      waited.join(' and '),
      () => waited.length === 1,
      'Processes with the lower number accept requests, or publish outcomes, that a failover of Redis loses.',
    ]);
  if (waitReplicas > 0)
    rules.push([
      'redis replicas',
      redis.replicas?.toString(),
      (value) => Number(value) >= waitReplicas,
      `Every request is refused and outcomes wait: REDIS_WAIT_REPLICAS is ${waitReplicas}.`,
    ]);
  return rules.map(([setting, value, isRight, cost]) => {
    if (value === undefined) return { setting, state: 'unknown', cost };
    return { setting, value, state: isRight(value) ? 'right' : 'wrong', cost };
  });
}
