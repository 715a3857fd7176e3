import type { IncomingMessage } from 'node:http';
import { expect, test } from '@jest/globals';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { createSessions, sessionTokenOf } from './sessions.ts';

const [HERE, THERE, NOWHERE] = ['0'.repeat(12), '1'.repeat(12), '2'.repeat(12)] as const;
const tokenAt = (node: string) => `${node}.${'A'.repeat(22)}`;

/** Sessions of the node HERE. A test sees what they publish; THERE listens. */
function createNode({ publish = async (channel: string) => (channel.endsWith(THERE) ? 1 : 0) } = {}) {
  const published: [string, string][] = [];
  const connection = {
    publish: async (channel: string, message: string) => {
      published.push([channel, message]);
      return publish(channel);
    },
  };
  const warnings: object[] = [];
  const log = { warn: (fields: object) => warnings.push(fields) };
  const redis = { isCluster: false, of: () => connection };
  return { ...createSessions({ redis, shards: 2, node: HERE, log } as never), published, warnings };
}

function createSocket({ hasRoom = true } = {}) {
  const followed: string[] = [];
  const announced: string[] = [];
  const follow = (ticketId: string) => {
    if (hasRoom) followed.push(ticketId);
    return hasRoom;
  };
  return { follow, announce: (token: string) => announced.push(token), followed, announced };
}

test('each session has its own token, which ends with it', async () => {
  const { open, end, follow, published } = createNode();
  const [first, second, full] = [createSocket(), createSocket(), createSocket({ hasRoom: false })];
  const [ofFirst, ofSecond, ofFull] = [open(first), open(second), open(full)];
  expect(ofFirst).not.toBe(ofSecond);
  expect(await follow(ofFirst, 'a')).toBe(true);
  expect(await follow(ofFull, 'b')).toBe(false);
  end(ofFirst);
  expect(await follow(ofFirst, 'c')).toBe(false);
  expect(await follow(tokenAt(HERE), 'd')).toBe(false);
  expect([first, second, full].map(({ followed }) => followed)).toEqual([['a'], [], []]);
  expect(published).toEqual([]);
});

test('tickets of sessions at other nodes are passed on, many in one message', async () => {
  const { follow, published } = createNode();
  const tickets = Array.from({ length: 4 }, () => newTicketId(0));
  const nodes = [THERE, NOWHERE, THERE, THERE];
  const results = await Promise.all(tickets.map((ticketId, i) => follow(tokenAt(nodes[i] ?? ''), ticketId)));
  expect(results).toEqual([true, false, true, true]);
  expect(published.map(([channel]) => channel)).toEqual([`{s0}:node:${THERE}`, `{s0}:node:${NOWHERE}`]);

  const there = createNode();
  const socket = createSocket();
  const token = there.open(socket);
  there.followPassed(String(published[0]?.[1]).replaceAll(tokenAt(THERE), token));
  expect(socket.followed).toEqual([tickets[0], tickets[2], tickets[3]]);
  there.followPassed(String(published[1]?.[1])); // of a session that has ended
  expect(socket.followed).toHaveLength(3);
});

test('a ticket that cannot be passed on is not followed: the request is accepted all the same', async () => {
  const { follow, warnings } = createNode({
    publish: async () => {
      throw new Error('Connection is closed.');
    },
  });
  expect(await follow(tokenAt(THERE), 'a')).toBe(false);
  expect(warnings).toEqual([{ ticketId: 'a', fault: 'Connection is closed.' }]);
});

test('after a gap each session is announced with its own token', () => {
  const { open, announceAll } = createNode();
  const sockets = [createSocket(), createSocket()];
  const tokens = sockets.map(open);
  announceAll();
  expect(sockets.map(({ announced }) => announced)).toEqual(tokens.map((token) => [token]));
});

test('a request names at most one session, by a token that may exist', () => {
  const tokenOf = (header: unknown) =>
    sessionTokenOf({ headers: { 'x-session-token': header } } as unknown as IncomingMessage);
  expect(tokenOf(undefined)).toBeUndefined();
  expect(tokenOf(tokenAt(HERE))).toBe(tokenAt(HERE));
  for (const header of ['', 'A', tokenAt('x'.repeat(12)), `${tokenAt(HERE)}, ${tokenAt(THERE)}`, `${tokenAt(HERE)}\n`])
    expect(() => tokenOf(header)).toThrow('X-Session-Token: not the token of a session');
});
