import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ticketId } from '../contract/ids.ts';
import { newTicketId, shardOfEvent, shardOfTicket } from './ticket-id.ts';

describe('a ticket id', () => {
  test('is a UUID that carries its shard', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4095 }), (shard) => {
        const id = newTicketId(shard);
        expect(ticketId.parse(id)).toBe(id);
        expect(shardOfTicket(id, 4096)).toBe(shard);
        expect(shardOfTicket(id, shard)).toBeUndefined();
      }),
    );
  });

  test('is unique', () => {
    expect(new Set(Array.from({ length: 10_000 }, () => newTicketId(0))).size).toBe(10_000);
  });
});

test('events spread over the shards', () => {
  const counts = new Array<number>(8).fill(0);
  for (let event = 1; event <= 8_000; event += 1)
    counts[shardOfEvent(event, 8)] = (counts[shardOfEvent(event, 8)] ?? 0) + 1;
  for (const count of counts) expect(count).toBeGreaterThan(800);
});
