import { expect, test } from '@jest/globals';
import { fuzz } from '../../loadtest/proofs/fuzz/play.ts';
import { steadyAudit } from '../../shared/stores/audit.ts';
import { openSocket, send } from '../support/client.ts';
import { bearer } from '../support/selling-server.ts';
import { useSystem } from '../support/system.ts';

const INPUTS = 800;
const TOKEN = 'an-admin-token-of-at-least-32-characters';
const HOUSE = { ZONES: 4, ROWS: 10, SEATS_PER_ROW: 65 };
const system = useSystem({ ...HOUSE, ADMIN_TOKEN: TOKEN, WEBHOOKS_TO_PRIVATE_ADDRESSES: true });

test(`${INPUTS} malformed inputs break nothing`, async () => {
  const { url } = system();
  const { body } = await send(url, 'POST', '/api/bookings?wait=10', { eventId: 1, userId: 1, count: 2 });
  const cursor = String((await send(url, 'GET', '/api/feed', undefined, bearer(TOKEN))).body.next);
  const world = { tickets: [String(body.id)], events: [], adminToken: TOKEN, cursor };
  const seed = 1 + Math.floor(Math.random() * 1e9);
  const { inputs, answers, examples } = await fuzz({ url, seed, from: 0, to: INPUTS, connections: 32, world });
  expect({ seed, examples }).toEqual({ seed, examples: [] });
  expect(inputs).toBe(INPUTS);
  // The inputs reached accepted, refused and unparsed requests.
  for (const name of ['201', '409 INVALID_REQUEST', "400 of Node's own"]) expect(answers.has(name)).toBe(true);
  expect([...answers.keys()].some((name) => name.startsWith('socket closed'))).toBe(true);

  const reserved = await send(url, 'POST', '/reserve?wait=20', { count: 1 });
  expect([200, 409]).toContain(reserved.status);
  const socket = await openSocket(url);
  socket.send({ type: 'subscribe', ticketId: body.id }); // also a cleared ticket has an answer
  expect(await socket.next()).toMatchObject({ ticketId: body.id });
  socket.close();
  expect((await steadyAudit(1, { ...system(), shards: 1 }, 300)).differences).toEqual([]);
});
