import { expect, test } from '@jest/globals';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { deliverAll } from './outcome-subscription.ts';

test('each line of a message is the outcome of one ticket', () => {
  const [first, second] = [newTicketId(0), newTicketId(3)];
  const delivered: [string, string][] = [];
  deliverAll(`${first} {"status":"booked"}\n${second} {"status":"rejected","code":"SOLD_OUT"}`, (id, outcome) =>
    delivered.push([id, outcome]),
  );
  expect(delivered).toEqual([
    [first, '{"status":"booked"}'],
    [second, '{"status":"rejected","code":"SOLD_OUT"}'],
  ]);
});
