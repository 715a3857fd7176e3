import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import type { FeedPlace, FollowedPage } from './follow.ts';
import { streamEvents } from './streams.ts';

test('a silent feed: each heartbeat has the place, which moved on', async () => {
  const place = (number: number): FeedPlace => ({ end: { epoch: 'abc', last: 9, floor: 0 }, number });
  const asked: [number, number][] = [];
  const ending = new AbortController();
  async function* follow(from: FeedPlace, seconds: number): AsyncGenerator<FollowedPage> {
    asked.push([from.number, seconds]);
    yield { changes: [], place: place(from.number + 2) };
    if (asked.length === 2) ending.abort();
  }
  const server = createServer((_req, res) => {
    void streamEvents(res, { start: place(1), follow, signal: ending.signal });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const text = await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).text();
  expect(text).toMatch(/^retry: \d+\nid: abc\.1\n\n: heartbeat\nid: abc\.3\n\n: heartbeat\nid: abc\.5\n\n$/);
  expect(asked).toEqual([
    [1, 15],
    [3, 15],
  ]);
  server.close();
});
