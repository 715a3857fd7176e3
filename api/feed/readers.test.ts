import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import type { Request, Response } from 'express';
import { createFeedReaders, type FeedReader } from './readers.ts';

const from = (ip: string) => ({ ip, socket: {} }) as Request;
const answer = () => Object.assign(new EventEmitter(), { setHeader: () => undefined }) as unknown as Response;

const readersOf = (isLimited: boolean) =>
  createFeedReaders({ isLimited, keyRing: { isValid: () => true }, bounds: { all: 3, ofClient: 2 } });

/** A read that lasts until its wait ends. */
const untilEnd = ({ signal }: FeedReader) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });

test('a client has a bound where clients are limited, and all together have one', async () => {
  const readers = readersOf(true);
  const open = (ip: string, res = answer()) => readers.run(from(ip), res, untilEnd);
  const closed = answer();
  const first = open('192.0.2.1', closed);
  const others = [open('192.0.2.1')];
  await expect(open('192.0.2.1')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  others.push(open('192.0.2.2'));
  await expect(open('192.0.2.3')).rejects.toMatchObject({ code: 'OVERLOADED' });
  closed.emit('close');
  await first;
  others.push(open('192.0.2.1'));
  readers.stopWaiting();
  await Promise.all(others);
  await open('192.0.2.1'); // it waits for nothing any more
});

test('where they are not, one client may have all', async () => {
  const readers = readersOf(false);
  const open = () => readers.run(from('192.0.2.1'), answer(), untilEnd);
  const all = [open(), open(), open()];
  await expect(open()).rejects.toMatchObject({ code: 'OVERLOADED' });
  readers.stopWaiting();
  await Promise.all(all);
});
