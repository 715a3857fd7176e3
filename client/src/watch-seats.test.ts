import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { Connection } from './connection.ts';
import { FrontrowError } from './error.ts';
import { watchSeats } from './watch-seats.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const MAP = { eventId: 1, version: 1, generation: 1, zones: [] };

/** Watches an event whose map cannot be loaded until `recover` is called. */
function watchFailing(retryAfterMs = 0) {
  let isFailing = true;
  let loads = 0;
  let callbacks: Parameters<Connection['watchEvent']>[1] | undefined;
  const states: string[] = [];
  const transport = {
    attempt: async () => {
      loads += 1;
      if (isFailing) throw Object.assign(new FrontrowError('UNAVAILABLE', 'later'), { retryAfterMs });
      return { status: 200, headers: new Headers(), body: MAP };
    },
  };
  const connection = {
    watchEvent: (_eventId: number, given: typeof callbacks) => {
      callbacks = given;
      return () => undefined;
    },
  };
  const sink = { load: () => undefined, apply: () => undefined };
  const end = watchSeats({ transport, connection, eventId: 1 } as never, {
    ...sink,
    connection: (state) => states.push(state),
  });
  return {
    end,
    states,
    loads: () => loads,
    recover: () => {
      isFailing = false;
    },
    watching: () => callbacks?.watching(1),
  };
}

test('seats are live as soon as the socket is back, however long the pause of the polls has become', async () => {
  const { end, states, loads, recover, watching } = watchFailing();
  await jest.advanceTimersByTimeAsync(120_000); // the pauses have grown to half a minute
  expect(states.at(-1)).toBe('lost');
  const before = loads();
  recover();
  watching();
  await jest.advanceTimersByTimeAsync(1);
  expect([loads() - before, states.at(-1)]).toEqual([1, 'live']);
  end();
});

test('a socket that is back waits for the time that the server asked for', async () => {
  const { end, states, loads, recover, watching } = watchFailing(5_000);
  await jest.advanceTimersByTimeAsync(1);
  const before = loads();
  recover();
  watching();
  await jest.advanceTimersByTimeAsync(4_000);
  expect(loads()).toBe(before);
  await jest.advanceTimersByTimeAsync(2_000);
  expect([loads() - before, states.at(-1)]).toEqual([1, 'live']);
  end();
});
