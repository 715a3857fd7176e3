import { expect, test } from '@jest/globals';
import type { RoomState } from '../../shared/stores/redis/room-hash.ts';
import { createKnownLine, type KnownLine, needsOrder, noteDraw, noteState, phaseOf, positionOf } from './line.ts';

const room = {
  eventId: 1,
  generation: 1,
  secret: Buffer.alloc(32),
  seed: '0'.repeat(64),
  chain: '0'.repeat(64),
  settings: { requireLogin: false } as KnownLine['settings'],
  people: undefined,
};
const newLine = () => createKnownLine(room, {} as Parameters<typeof createKnownLine>[1]);

const HOUR_MS = 3_600_000;

/** The state of a line on sale without a draw, with 10 visitors of whom 4 are called. */
const state = (change: Partial<RoomState> = {}) =>
  ({
    generation: 1,
    on: true,
    joined: 10,
    serving: 4,
    people: 0,
    drawn: true,
    isSoldOut: false,
    onSaleMs: 1,
    aheadMs: 0,
    ...change,
  }) as RoomState;

test('a line begins unread and follows the states of Redis', () => {
  const line = newLine();
  expect(phaseOf(line)).toBe('unread');
  const phaseAfter = (change: Partial<RoomState>) => {
    noteState(line, state(change));
    return phaseOf(line);
  };
  expect(phaseAfter({ on: false, people: undefined, drawn: false })).toBe('off');
  expect(phaseAfter({ people: undefined, drawn: false, onSaleMs: Date.now() + HOUR_MS })).toBe('gathering');
  expect(phaseAfter({ people: 10, drawn: false })).toBe('drawing');
  expect(phaseAfter({ people: 10, drawn: true })).toBe('drawing'); // PostgreSQL was not read yet
  expect(needsOrder(line, state({ people: 10 }))).toBe(true);
  expect(noteDraw(line, room)).toBe(false);
  expect(noteDraw(line, { ...room, people: 10 })).toBe(true);
  expect(phaseAfter({ people: 10 })).toBe('admitting');
  expect(phaseAfter({ people: 10, isSoldOut: true })).toBe('soldOut');
  expect(phaseAfter({ people: 10, onSaleMs: Date.now() + HOUR_MS })).toBe('postponed');
});

test('the order of the draw gives positions to its visitors; later ones keep their arrival number', () => {
  const line = newLine();
  noteState(line, state({ joined: 12, people: 10 }));
  expect([positionOf(line, 3), positionOf(line, 11)]).toEqual([undefined, 11]);
  noteDraw(line, { ...room, people: 10 });
  const positions = Array.from({ length: 10 }, (_, i) => positionOf(line, i + 1));
  expect([...positions].sort((a, b) => Number(a) - Number(b))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('a Redis that is back with old data takes nothing back that visitors were shown', () => {
  const line = newLine();
  noteDraw(line, { ...room, people: 10 });
  noteState(line, state({ serving: 8, people: 10 }));
  noteState(line, state({ serving: 2, people: undefined, drawn: false }));
  expect(line.state).toMatchObject({ serving: 8, people: 10, drawn: true });
  expect(phaseOf(line)).toBe('admitting');
});
