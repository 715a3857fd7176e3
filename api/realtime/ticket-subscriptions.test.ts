import { expect, test } from '@jest/globals';
import { MAX_SUBSCRIPTIONS_PER_SOCKET } from '../../shared/contract/limits.ts';
import { subscriptionRefusal } from './ticket-subscriptions.ts';

test('a socket has a bound; past the bound of the process a socket may still follow a few tickets', () => {
  expect(subscriptionRefusal(MAX_SUBSCRIPTIONS_PER_SOCKET - 1, 199_999)).toBeUndefined();
  expect(subscriptionRefusal(MAX_SUBSCRIPTIONS_PER_SOCKET, 0)).toMatch(/on this socket/);
  expect(subscriptionRefusal(9, 200_000)).toBeUndefined();
  expect(subscriptionRefusal(10, 200_000)).toMatch(/on this server/);
});
