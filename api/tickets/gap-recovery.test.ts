import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { createGapRecovery } from './gap-recovery.ts';

/** A recovery of which a test decides what each step does, and what the recovery did. */
function createRecovery({
  followed = ['a', 'b'],
  subscribe = async () => undefined,
  reread = async () => undefined,
}: {
  followed?: string[];
  subscribe?: () => Promise<unknown>;
  reread?: (ticketId: string) => Promise<void>;
} = {}) {
  const steps: string[] = [];
  const stopping = new AbortController();
  const deps = {
    subscribe: () => {
      steps.push('subscribe');
      return subscribe();
    },
    followedTicketIds: () => followed,
    reread: (ticketId: string) => {
      steps.push(ticketId);
      return reread(ticketId);
    },
    stopping: stopping.signal,
    log: { warn: () => undefined },
  };
  return { recovery: createGapRecovery(deps as never, 1), steps, stopping };
}

const untilLive = async (recovery: { state: () => string }) => {
  while (recovery.state() !== 'LIVE') await new Promise((resolve) => setTimeout(resolve, 1));
};

test('after a gap the subscription is confirmed first, then each followed ticket is read once', async () => {
  const { recovery, steps } = createRecovery();
  expect(recovery.state()).toBe('LIVE');
  recovery.noteGap();
  expect(recovery.state()).toBe('RESUBSCRIBING');
  await untilLive(recovery);
  expect(steps).toEqual(['subscribe', 'a', 'b']);
});

test('tickets are read in groups', async () => {
  const followed = Array.from({ length: 1_100 }, (_, i) => String(i));
  const reads: (() => void)[] = [];
  const reread = () => new Promise<void>((resolve) => void reads.push(resolve));
  const { recovery } = createRecovery({ followed, reread });
  recovery.noteGap();
  for (const group of [500, 500, 100]) {
    await nextTurn();
    expect([recovery.state(), reads.length]).toEqual(['REREADING', group]);
    for (const resolve of reads.splice(0)) resolve();
  }
  await untilLive(recovery);
});

test('a further gap starts the recovery anew, even while tickets are read', async () => {
  const reads: (() => void)[] = [];
  const reread = () => new Promise<void>((resolve) => void reads.push(resolve));
  const { recovery, steps } = createRecovery({ followed: ['a'], reread });
  recovery.noteGap();
  await nextTurn();
  expect(recovery.state()).toBe('REREADING');
  recovery.noteGap();
  expect(recovery.state()).toBe('RESUBSCRIBING');
  reads.splice(0)[0]?.();
  await nextTurn();
  reads.splice(0)[0]?.();
  await untilLive(recovery);
  expect(steps).toEqual(['subscribe', 'a', 'subscribe', 'a']);
});

test('a step that fails is retried', async () => {
  let attempts = 0;
  const fail = async () => {
    attempts += 1;
    if (attempts % 2 === 1) throw new Error('Connection is closed.');
  };
  const { recovery, steps } = createRecovery({ followed: ['a'], subscribe: fail, reread: fail });
  recovery.noteGap();
  await untilLive(recovery);
  expect(steps).toEqual(['subscribe', 'subscribe', 'a', 'a']);
});

test('a node that stops reads nothing again', async () => {
  const { recovery, steps, stopping } = createRecovery({
    subscribe: async () => {
      throw new Error('Connection is closed.');
    },
  });
  recovery.noteGap();
  stopping.abort();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(steps).toEqual(['subscribe']);
});
