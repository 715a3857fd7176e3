import { expect, test } from '@jest/globals';
import { judgeServerSettings, type ServerFacts } from './server-settings.ts';

const right: ServerFacts = {
  redis: { appendonly: 'yes', appendfsync: 'always', maxmemoryPolicy: 'noeviction' },
  postgres: { fsync: 'on', fullPageWrites: 'on', synchronousCommit: 'on', asynchronousStandbys: 0 },
};

/** The settings in a state, where some facts differ from the right ones. */
function inState(state: string, redis: ServerFacts['redis'], postgres: ServerFacts['postgres'] = {}): string[] {
  const facts = { redis: { ...right.redis, ...redis }, postgres: { ...right.postgres, ...postgres } };
  return judgeServerSettings(facts, 0).flatMap((one) => (one.state === state ? [one.setting] : []));
}

test('settings that hold the promises are right', () => {
  expect(inState('right', {})).toHaveLength(7);
  for (const synchronousCommit of ['local', 'remote_write', 'remote_apply'])
    expect(inState('wrong', {}, { synchronousCommit })).toEqual([]);
});

test('each weaker setting is wrong, and nothing else with it', () => {
  expect(inState('wrong', { appendonly: 'no', appendfsync: 'everysec' })).toEqual(['redis appendonly']);
  for (const appendfsync of ['everysec', 'no'])
    expect(inState('wrong', { appendfsync })).toEqual(['redis appendfsync']);
  for (const maxmemoryPolicy of ['allkeys-lru', 'volatile-ttl'])
    expect(inState('wrong', { maxmemoryPolicy })).toEqual(['redis maxmemory-policy']);
  expect(inState('wrong', {}, { fsync: 'off' })).toEqual(['postgres fsync']);
  expect(inState('wrong', {}, { fullPageWrites: 'off' })).toEqual(['postgres full_page_writes']);
  expect(inState('wrong', {}, { synchronousCommit: 'off' })).toEqual(['postgres synchronous_commit']);
  for (const synchronousCommit of ['local', 'remote_write'])
    expect(inState('wrong', {}, { synchronousCommit, hasSynchronousStandbys: true })).toHaveLength(1);
  expect(inState('wrong', {}, { asynchronousStandbys: 1 })).toEqual(['postgres asynchronous standbys']);
});

test('a setting that could not be read is unknown, and not wrong', () => {
  const unread = judgeServerSettings({ redis: {}, postgres: {} }, 0);
  expect(unread.map(({ state }) => state)).toEqual(Array(7).fill('unknown'));
});

test('a number of replicas that not every process waits for is wrong', () => {
  expect(inState('right', { waited: [1] })).toContain('REDIS_WAIT_REPLICAS');
  expect(inState('wrong', { waited: [0, 1] })).toEqual(['REDIS_WAIT_REPLICAS']);
});

test('replicas are too few below the number that requests wait for, and of no interest where none does', () => {
  const replicas = (connected: number | undefined, waitReplicas: number) => {
    const redis = connected === undefined ? {} : { replicas: connected };
    const settings = judgeServerSettings({ redis, postgres: {} }, waitReplicas);
    return settings.find(({ setting }) => setting === 'redis replicas')?.state;
  };
  expect([replicas(2, 2), replicas(1, 2), replicas(0, 1)]).toEqual(['right', 'wrong', 'wrong']);
  expect(replicas(undefined, 1)).toBe('unknown');
  expect(replicas(0, 0)).toBeUndefined();
});
