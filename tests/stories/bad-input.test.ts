import { request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openSocket, send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem();
const reserve = (body: unknown, headers?: Record<string, string>) =>
  send(system().url, 'POST', '/reserve?wait=5', body, headers);

afterEach(async () => {
  const { body } = await send(system().url, 'GET', '/availability/check-all');
  expect(body.occupiedSeats).toBe(0); // nothing changes
  expect(await system().redis.get('{s0}:sequence')).toBeNull(); // and nothing was accepted
});

describe('POST /reserve answers 409 INVALID_REQUEST', () => {
  test.each([
    ['zone 0', { zone: 0, row: 1, count: 2 }],
    ['zone 51', { zone: 51, row: 1, count: 2 }],
    ['zone of another type', { zone: '1', row: 1, count: 2 }],
    ['zone null', { zone: null, row: 1, count: 2 }],
    ['row 0', { zone: 1, row: 0, count: 2 }],
    ['row 21', { zone: 1, row: 21, count: 2 }],
    ['row of another type', { zone: 1, row: [1], count: 2 }],
    ['row without zone', { row: 1, count: 2 }],
    ['count missing', { zone: 1, row: 1 }],
    ['count 0', { zone: 1, row: 1, count: 0 }],
    ['count 6', { zone: 1, row: 1, count: 6 }],
    ['count 1.5', { zone: 1, row: 1, count: 1.5 }],
    ['count "2"', { zone: 1, row: 1, count: '2' }],
    ['count -1', { zone: 1, row: 1, count: -1 }],
    ['count 1e99', { zone: 1, row: 1, count: 1e99 }],
    ['start without row', { zone: 1, start: 3, count: 2 }],
    ['start -1', { zone: 1, row: 1, start: -1, count: 2 }],
    ['start beyond the row', { zone: 1, row: 1, start: 64, count: 2 }],
    ['an array', []],
    ['a number', 5],
    ['null', 'null'],
    ['an empty body', ''],
    ['broken JSON', '{"zone":1,"row":1,'],
    ['a polluted prototype', '{"__proto__":{"count":2}}'],
  ])('%s', async (_name, body) => {
    const { status, body: answer } = await reserve(body);
    expect(status).toBe(409);
    expect(answer).toMatchObject({ code: 'INVALID_REQUEST', error: expect.any(String) });
  });

  test('a wait that is no number', async () => {
    const { status, body } = await send(system().url, 'POST', '/reserve?wait=soon', { zone: 1, row: 1, count: 2 });
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'INVALID_REQUEST' });
  });

  test('a method that the route does not have', async () => {
    const { status, body } = await send(system().url, 'GET', '/reserve');
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'INVALID_REQUEST' });
  });
});

test.each(['/reserve', '/api/bookings'])('POST %s with a body that is nested too deeply is refused', async (path) => {
  const deep = `{"eventId":1,"userId":1,"count":1,"note":${'['.repeat(8_000)}${']'.repeat(8_000)}}`;
  const { body } = await send(system().url, 'POST', path, deep, { 'idempotency-key': 'a key for a deep body' });
  expect(body).toMatchObject({ code: 'INVALID_REQUEST' });
});

/** What comes back for bytes that no client library would send. */
const exchange = (bytes: string) =>
  new Promise<string>((resolve, reject) => {
    const socket = connect(Number(new URL(system().url).port), '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });

const UPGRADE = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket';
test.each([
  ['an address without a path', 'GET http:// HTTP/1.1\r\nHost: x\r\nConnection: close', 404, 'ROUTE_UNKNOWN'],
  ['an upgrade without a key', `GET /ws HTTP/1.1\r\n${UPGRADE}\r\nSec-WebSocket-Version: 13`, 400, 'INVALID_REQUEST'],
  ['an upgrade elsewhere', `GET /elsewhere HTTP/1.1\r\n${UPGRADE}`, 404, 'ROUTE_UNKNOWN'],
])('%s is answered with a code', async (_name, head, status, code) => {
  const answer = await exchange(`${head}\r\n\r\n`);
  expect(answer).toContain(`HTTP/1.1 ${status} `);
  expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ code });
});

test('the message names every field that is wrong', async () => {
  const { body } = await reserve({ zone: 0, row: 'x', count: 9 });
  for (const field of ['zone', 'row', 'count']) expect(body.error).toContain(`${field}:`);
});

test('a body over 16 KiB is refused, with its length told or not', async () => {
  const big = `{"zone":1,"row":1,"count":2,"note":"${'x'.repeat(17_000)}"}`;
  expect(await reserve(big)).toMatchObject({ status: 409, body: { code: 'BODY_TOO_LARGE' } });
  const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const chunked = request(`${system().url}/reserve`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
    });
    chunked.on('error', reject);
    chunked.on('response', (res) => {
      let text = '';
      res.on('data', (chunk) => {
        text += chunk;
      });
      res.on('end', () => resolve({ status: res.statusCode, text }));
    });
    chunked.end(big);
  });
  expect(answer.status).toBe(409);
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'BODY_TOO_LARGE' });
});

test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'application/json; charset=latin1'])(
  'content type %s is refused',
  async (type) => {
    const reply = await reserve('{"zone":1,"row":1,"count":2}', { 'content-type': type });
    expect(reply).toMatchObject({ status: 409, body: { code: 'UNSUPPORTED_MEDIA_TYPE' } });
  },
);

test.each([
  '/occupancy/0/1',
  '/occupancy/51/1',
  '/occupancy/1/21',
  '/occupancy/a/1',
  '/occupancy/1.5/1',
  '/occupancy/%zz/1',
])('GET %s answers 409', async (path) => {
  const reply = await send(system().url, 'GET', path);
  expect(reply).toMatchObject({ status: 409, body: { code: 'INVALID_REQUEST' } });
});

test.each([
  ['/api/tickets/no-ticket', 404, 'TICKET_UNKNOWN'],
  ['/api/tickets/00000000-0000-8fff-8000-000000000000', 404, 'TICKET_UNKNOWN'],
  ['/api/tickets/%zz', 400, 'INVALID_REQUEST'],
  ['/api/nothing', 404, 'ROUTE_UNKNOWN'],
  ['/nothing', 404, 'ROUTE_UNKNOWN'],
])('GET %s answers %i as a problem', async (path, status, code) => {
  const reply = await send(system().url, 'GET', path);
  expect(reply.status).toBe(status);
  expect(reply.headers.get('content-type')).toBe('application/problem+json');
  expect(reply.body).toMatchObject({
    type: 'about:blank',
    title: expect.any(String),
    status,
    detail: expect.any(String),
    code,
  });
});

describe('a WebSocket message', () => {
  test.each([
    ['no JSON', 'hello'],
    ['no object', '[]'],
    ['no type', '{}'],
    ['an unknown type', '{"type":"shout"}'],
    ['no ticket id', '{"type":"subscribe"}'],
    ['a ticket id that is none', '{"type":"subscribe","ticketId":"x"}'],
  ])('with %s is refused, and the socket goes on', async (_name, message) => {
    const socket = await openSocket(system().url);
    socket.send(message);
    expect(await socket.next()).toMatchObject({ type: 'error', code: 'INVALID_REQUEST', error: expect.any(String) });
    const ticketId = '00000000-0000-8000-8000-000000000000';
    socket.send({ type: 'subscribe', ticketId });
    expect(await socket.next()).toMatchObject({ type: 'error', code: 'TICKET_UNKNOWN', ticketId });
    socket.close();
  });

  test('in binary is refused', async () => {
    const socket = await openSocket(system().url);
    socket.socket.send(Buffer.from('{}'), { binary: true });
    expect(await socket.next()).toMatchObject({ type: 'error', code: 'INVALID_REQUEST' });
    socket.close();
  });

  test('over the size limit closes the socket with 1009', async () => {
    const socket = await openSocket(system().url);
    socket.send('x'.repeat(9_000));
    expect(await socket.closed).toBe(1009);
  });

  test('on another path finds no socket', async () => {
    await expect(openSocket(`${system().url}/elsewhere`)).rejects.toThrow('404');
  });
});

test('an answer that breaks off in the middle ends its connection, and nothing else', async () => {
  const begin = (_req: unknown, res: ServerResponse) => void res.writeHead(200).write('half');
  system().server.prependOnceListener('request', begin);
  await expect(fetch(`${system().url}/nothing`).then((response) => response.text())).rejects.toThrow();
  expect(await send(system().url, 'GET', '/healthz')).toMatchObject({ status: 200 });
});
