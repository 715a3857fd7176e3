import { expect, test } from '@jest/globals';
import { READS_ALL } from '../auth/identity.ts';
import { createLongPolls } from './long-polls.ts';
import { createOutcomeListeners } from './outcome-listeners.ts';
import type { TicketState } from './ticket-state.ts';

const BOOKED = '{"status":"booked"}';
const queued: TicketState = { settled: false, kind: 'book', position: 1, etaSeconds: undefined };
const booked: TicketState = { settled: true, outcome: BOOKED };

/** A wait for ticket `a` and what ends it. */
function startWait({ seconds = 60, reads = [queued] } = {}) {
  const listeners = createOutcomeListeners();
  const [closing, stopping] = [new AbortController(), new AbortController()];
  const left = [...reads];
  const read = async () => left.shift() ?? queued;
  const waitForOutcome = createLongPolls({ follow: listeners.follow, read, stopping: stopping.signal });
  const result = waitForOutcome('a', READS_ALL, { seconds, closed: closing.signal });
  return { listeners, closing, stopping, result, unused: left };
}

test('a published outcome ends the wait', async () => {
  const { listeners, result } = startWait();
  listeners.notify('a', BOOKED);
  expect(await result).toEqual(booked);
  expect(listeners.followedTicketIds()).toEqual([]);
});

test('a ticket that has its outcome already is not waited for', async () => {
  expect(await startWait({ reads: [booked] }).result).toEqual(booked);
});

test('the ticket is read again at the end: a lost message costs time only', async () => {
  expect(await startWait({ seconds: 0.01, reads: [queued, booked] }).result).toEqual(booked);
});

test('a closed connection and a node that stops end the wait without another read', async () => {
  for (const end of ['closing', 'stopping'] as const) {
    const wait = startWait({ reads: [queued, booked] });
    wait[end].abort();
    expect(await wait.result).toEqual(queued);
    expect(wait.unused).toEqual([booked]);
    expect(wait.listeners.followedTicketIds()).toEqual([]);
  }
});

test('a read that fails ends the wait, and nothing is followed any longer', async () => {
  const listeners = createOutcomeListeners();
  const read = async () => {
    throw new Error('Connection is closed.');
  };
  const waitForOutcome = createLongPolls({ follow: listeners.follow, read, stopping: new AbortController().signal });
  const limit = { seconds: 60, closed: new AbortController().signal };
  await expect(waitForOutcome('a', READS_ALL, limit)).rejects.toThrow('Connection is closed.');
  expect(listeners.followedTicketIds()).toEqual([]);
});
