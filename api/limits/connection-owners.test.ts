import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { createConnectionOwners } from './connection-owners.ts';

/** A socket that only notes whether it was destroyed. */
const fakeSocket = () => Object.assign(new EventEmitter(), { destroyed: false, destroy: markDestroyed });
function markDestroyed(this: { destroyed: boolean }): void {
  this.destroyed = true;
}

test('all open connections of one client are destroyed, and no others', () => {
  const owners = createConnectionOwners();
  const [first, second, closed, other] = [fakeSocket(), fakeSocket(), fakeSocket(), fakeSocket()];
  for (const socket of [first, second, closed]) owners.add('a', socket as unknown as Socket);
  owners.add('b', other as unknown as Socket);
  closed.emit('close');
  owners.destroyAll('a');
  expect([first, second, closed, other].map(({ destroyed }) => destroyed)).toEqual([true, true, false, false]);
  expect(owners.ownerOf(first as unknown as Socket)).toBe('a');
});
