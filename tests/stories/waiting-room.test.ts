import { expect, test } from '@jest/globals';
import { send } from '../support/client.ts';
import { newEvent, setRoom, visitorAt } from '../support/line.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 20 });

const hold = (eventId: number, headers: Record<string, string> = {}, more: Record<string, unknown> = {}) =>
  send(system().url, 'POST', '/api/bookings?wait=10', { eventId, userId: 1, count: 1, ...more }, headers);

test('without a waiting room nobody has to wait', async () => {
  const visitor = visitorAt(system().url);
  expect(await visitor.join()).toMatchObject({ code: 200, status: 'open' });
  expect(await visitor.poll()).toMatchObject({ status: 'open' });
  expect(await send(system().url, 'GET', '/waiting-room')).toMatchObject({ body: { status: 'proceed_to_booking' } });
  expect(await send(system().url, 'GET', '/api/events/999/waiting-room')).toMatchObject({ status: 404 });
});

test('one joins, waits for the turn, and books with the admission token; without one nobody books', async () => {
  const { url } = system();
  const event = await newEvent(url);
  expect(await setRoom(url, { mode: 'on' }, event)).toMatchObject({ on: true, waiting: 0, serving: 0 });
  expect(await hold(event)).toMatchObject({ status: 403, body: { code: 'ADMISSION_REQUIRED' } });
  const visitor = visitorAt(url, event);
  expect(await visitor.ask()).toMatchObject({ status: 404, body: { code: 'PLACE_UNKNOWN' } });
  expect(await visitor.join()).toMatchObject({ code: 201, position: 1 });
  const admitted = await visitor.admitted();
  expect(await visitor.admitted()).toEqual(admitted);
  expect(await hold(event, admitted)).toMatchObject({ status: 201 });
});
