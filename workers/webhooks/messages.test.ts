import { expect, test } from '@jest/globals';
import type { Change } from '../../shared/contract/changes.ts';
import { MAX_BYTES_OF_MESSAGE } from '../../shared/contract/limits.ts';
import type { OwnedWebhook } from '../../shared/stores/postgres/webhook-deliveries.ts';
import { compose, restore } from './messages.ts';

const END = { epoch: '0123456789ab', last: 1_000, floor: 0 };
const webhook: OwnedWebhook = {
  id: 1,
  version: 1,
  url: 'https://shop.example.com/',
  filter: { types: ['seats.blocked'], eventIds: undefined },
  secrets: [],
  number: 0,
  message: undefined,
  failures: 0,
  failingMs: 0,
  waitMs: 0,
};

/** A change with data of some bytes. */
const changeAt = (number: number, bytes = 10): Change => ({
  cursor: `${END.epoch}.${number}`,
  id: `id_${number}`,
  version: 1,
  type: 'seats.blocked',
  at: '2026-11-29T12:00:00.000Z',
  data: { seats: ['x'.repeat(bytes)] },
});

const feedOf = (changes: Change[], next: number) => ({
  feed: { page: async () => ({ changes, next, isWhole: true }) },
  reads: <Result>(work: () => Promise<Result>) => work(),
});

const idsIn = (body = '') => (JSON.parse(body) as { data: Change[] }).data.map(({ id }) => id);

test('a message goes from before its first change to where its page ends', async () => {
  const { message, next } = await compose(feedOf([changeAt(7), changeAt(9)], 50), webhook, 0, END);
  expect([message?.from, message?.to, next, idsIn(message?.body)]).toEqual([6, 50, 50, ['id_7', 'id_9']]);
  expect(await compose(feedOf([], 50), webhook, 0, END)).toEqual({ message: undefined, next: 50 });
});

test('a message of a hundred changes ends with the last of them', async () => {
  const changes = Array.from({ length: 100 }, (_, i) => changeAt(i + 1));
  expect((await compose(feedOf(changes, 100), webhook, 0, END)).next).toBe(100);
});

test('a message has as many changes as fit, and one at least', async () => {
  const third = MAX_BYTES_OF_MESSAGE / 3;
  const some = feedOf([changeAt(1, third), changeAt(2, third), changeAt(3, third)], 50);
  const { message, next } = await compose(some, webhook, 0, END);
  expect([idsIn(message?.body), next]).toEqual([['id_1', 'id_2'], 2]);
  const large = await compose(feedOf([changeAt(1, 2 * MAX_BYTES_OF_MESSAGE), changeAt(2)], 50), webhook, 0, END);
  expect([idsIn(large.message?.body), large.next]).toEqual([['id_1'], 1]);
});

test('a message that was begun is made again from its changes alone, or not at all where they differ', async () => {
  const { message } = await compose(feedOf([changeAt(1), changeAt(2)], 2), webhook, 0, END);
  if (message === undefined) throw new Error('there is no message');
  const begun = { ...webhook, message: { id: message.id, to: 2, digest: message.digest, body: undefined } };
  const [first, second, third] = [changeAt(1), changeAt(2), changeAt(3)];
  expect(await restore(feedOf([first, second, third], 3), begun, END)).toEqual(message);
  expect(await restore(feedOf([first, changeAt(2, 11)], 2), begun, END)).toBeUndefined();
});
