import { expect, test } from '@jest/globals';
import type { Request, Response } from 'express';
import { createHeavyReads } from './heavy-reads.ts';

const from = (ip: string) => ({ ip, socket: {} }) as Request;
const answer = () => {
  const headers: Record<string, unknown> = {};
  const setHeader = (name: string, value: unknown) => Object.assign(headers, { [name]: value });
  return { res: { destroyed: false, setHeader } as unknown as Response, headers };
};
const readsOf = (RATE_LIMIT: 'on' | 'off', READS_PER_MINUTE = 1_000_000) =>
  createHeavyReads({ RATE_LIMIT, READS_PER_MINUTE });

/** Reads that end when the test calls `end`. */
function manual() {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const read = (name: string) => () =>
    new Promise<void>((resolve) => {
      begun.push(name);
      ends.push(resolve);
    });
  const end = async () => {
    ends.shift()?.();
    await new Promise(setImmediate);
  };
  return { begun, read, end };
}

test('reads of one client run one after another; a fault or another client delays none', async () => {
  const reads = readsOf('off');
  const { begun, read, end } = manual();
  const first = reads.inTurn(from('192.0.2.1'), answer().res, 1, read('a'));
  const failing = reads.inTurn(from('192.0.2.1'), answer().res, 1, () => Promise.reject(new Error('broke')));
  const closed = answer();
  const skipped = reads.inTurn(from('192.0.2.1'), closed.res, 1, read('of a closed connection'));
  const second = reads.inTurn(from('192.0.2.1'), answer().res, 1, read('b'));
  void reads.inTurn(from('192.0.2.2'), answer().res, 1, read('other'));
  Object.assign(closed.res, { destroyed: true });
  await new Promise(setImmediate);
  expect(begun).toEqual(['a', 'other']);
  await end();
  await first;
  await expect(failing).rejects.toThrow('broke');
  await skipped;
  expect(begun).toEqual(['a', 'other', 'b']);
  await end();
  await end();
  await second;
});

test('a read that waits for its client lets the other reads of that client run', async () => {
  const reads = readsOf('off');
  const { begun, read, end } = manual();
  let drain: () => void = () => undefined;
  const drained = new Promise<void>((resolve) => {
    drain = resolve;
  });
  const slow = reads.inTurn(from('192.0.2.1'), answer().res, 1, async (waitOutside) => {
    begun.push('slow');
    await waitOutside(drained);
    begun.push('slow goes on');
  });
  const other = reads.inTurn(from('192.0.2.1'), answer().res, 1, read('other'));
  await new Promise(setImmediate);
  expect(begun).toEqual(['slow', 'other']);
  drain();
  await new Promise(setImmediate);
  expect(begun).toEqual(['slow', 'other']); // it waits for its next turn
  await end();
  await Promise.all([other, slow]);
  expect(begun).toEqual(['slow', 'other', 'slow goes on']);
});

test('with limits on, a client with too many waiting reads or without budget is refused', async () => {
  const { read } = manual();
  const many = readsOf('on');
  const settled = Array.from({ length: 40 }, () => {
    const { res, headers } = answer();
    return many.inTurn(from('192.0.2.1'), res, 1, read('')).catch((fault) => ({ code: fault.code, headers }));
  });
  await expect(settled[39]).resolves.toEqual({ code: 'RATE_LIMITED', headers: { 'retry-after': 1 } });

  const few = readsOf('on', 100);
  const { res, headers } = answer();
  few.charge(from('192.0.2.1'), res, 500); // a read that costs more than a minute's budget may be made once
  expect(() => few.charge(from('192.0.2.1'), res, 1)).toThrow('Too many requests');
  expect(headers['retry-after']).toBeGreaterThan(0);
  few.charge(from('192.0.2.2'), res, 1);
  for (let i = 0; i < 3; i += 1) readsOf('off', 1).charge(from('192.0.2.1'), res, 500);
});
