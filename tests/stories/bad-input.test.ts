import { once } from 'node:events';
import { request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openSocket, type Reply, send } from '../support/client.ts';
import { document } from '../support/openapi.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem();
const reserve = (body: unknown, headers?: Record<string, string>) =>
  send(system().url, 'POST', '/reserve?wait=5', body, headers);

afterEach(async () => {
  const { body } = await send(system().url, 'GET', '/availability/check-all');
  expect(body.occupiedSeats).toBe(0); // nothing changes
  expect(await system().redis.get('{s0}:sequence')).toBeNull(); // nothing was accepted
});

describe('POST /reserve answers invalid input with 409 INVALID_REQUEST', () => {
  test.each([
    ['zone 0', { zone: 0, row: 1, count: 2 }],
    ['zone 51', { zone: 51, row: 1, count: 2 }],
    ['zone of a wrong type', { zone: '1', row: 1, count: 2 }],
    ['zone null', { zone: null, row: 1, count: 2 }],
    ['row 0', { zone: 1, row: 0, count: 2 }],
    ['row 21', { zone: 1, row: 21, count: 2 }],
    ['row of a wrong type', { zone: 1, row: [1], count: 2 }],
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
    ['a `__proto__` field', '{"__proto__":{"count":2}}'],
  ])('%s', async (_name, body) => {
    const { status, body: answer } = await reserve(body);
    expect(status).toBe(409);
    const { zone, row, count } = (typeof body === 'object' ? body : {}) as Record<string, unknown>;
    const single = (value: unknown) => (typeof value === 'object' && value !== null ? undefined : value);
    const echo = { zone: single(zone), row: single(row), count: single(count) };
    expect({ zone: undefined, row: undefined, count: undefined, ...answer }).toMatchObject({
      code: 'INVALID_REQUEST',
      error: expect.any(String),
      ...echo,
    });
  });

  test.each(['wait=soon', 'surprise=1', 'wait=1&wait=2'])('?%s', async (query) => {
    const validBody = { zone: 1, row: 1, count: 2 };
    const { status, body } = await send(system().url, 'POST', `/reserve?${query}`, validBody);
    expect({ status, body }).toMatchObject({ status: 409, body: { code: 'INVALID_REQUEST', ...validBody } });
  });

  test('so does /occupancy for a parameter that repeats zone or row', async () => {
    const { status, body } = await send(system().url, 'GET', '/occupancy/1/2?surprise=1');
    expect({ status, body }).toMatchObject({ status: 409, body: { code: 'INVALID_REQUEST', zone: 1, row: 2 } });
  });

  test('a method that the route does not have', async () => {
    const { status, body } = await send(system().url, 'GET', '/reserve');
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'INVALID_REQUEST' });
  });
});

/** The reason why a request was rejected as invalid; undefined where it was not. */
const refusalOf = ({ status, body }: Reply) =>
  [400, 409].includes(status) && body.code === 'INVALID_REQUEST' ? String(body.detail ?? body.error) : undefined;

type Documented = { parameters?: { in: string; name: string }[] };

/** Every route of the OpenAPI document except pages: its method, path with values, and parameters. */
const ROUTES = Object.entries(document.paths ?? {}).flatMap(([template, operations]) => {
  const id = /^\/api\/(tickets|bookings)/.test(template) ? '00000000-0000-8000-8000-000000000000' : '1';
  const path = template.replace('{id}', id).replaceAll(/\{\w+\}/g, '1');
  return Object.entries(operations ?? {}).map(([method, operation]) => {
    const parameters = (operation as Documented).parameters ?? [];
    const query = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
    return [method.toUpperCase(), path, query] as const;
  });
});

/** Pages, and the gate: some proxies pass the query of a visitor on to it. */
const TAKES_ANY_QUERY = ['/docs', '/gate/1'];

describe.each(ROUTES.filter(([, path]) => !TAKES_ANY_QUERY.includes(path)))('%s %s', (method, path, parameters) => {
  test('rejects an unknown parameter by name', async () => {
    const refusal = refusalOf(await send(system().url, method, `${path}?surprise=1`));
    expect(refusal).toContain('surprise: unknown parameter');
    for (const name of parameters) {
      const reply = await send(system().url, method, `${path}?${name.toUpperCase()}=1`);
      expect(refusalOf(reply)).toContain(`${name.toUpperCase()}: unknown parameter; did you mean ${name}?`);
    }
  });

  test('rejects a parameter that is sent twice', async () => {
    for (const name of parameters) {
      const values = name === 'include' ? ['seats', 'seats'] : ['1', '1'];
      const needed = parameters.includes('eventId') && name !== 'eventId' ? 'eventId=1&' : '';
      const query = needed + values.map((value) => `${name}=${name === 'after' && needed ? '1-1-1' : value}`).join('&');
      expect(refusalOf(await send(system().url, method, `${path}?${query}`))).toBe(`${name}: given more than once`);
    }
  });

  test('answers a number beyond PostgreSQL’s range without a fault', async () => {
    for (const name of parameters)
      for (const number of ['2147483648', '999999999999999'])
        expect((await send(system().url, method, `${path}?${name}=${number}`)).status).toBeLessThan(500);
  });

  if (method !== 'GET')
    test('rejects an unknown field by name', async () => {
      const refusal = refusalOf(await send(system().url, method, path, { surprise: 1 }));
      expect(refusal).toContain('surprise: unknown field');
    });
});

test.each([
  ['POST', '/reserve?wait=5', '{"zone":1,"count":1,"count":2}', 'count'],
  ['POST', '/api/bookings?wait=5', '{"eventId":1,"userId":1,"seats":["1-1-1"],"seats":["1-1-2"]}', 'seats'],
  ['PATCH', '/api/events/1', '{"salesPaused":true,"name":"New","salesPaused":false}', 'salesPaused'],
  ['POST', '/api/events', '{"name":"New","zones":[{"rows":1,"seatsPerRow":5,"rows":2}]}', 'rows'],
  ['POST', '/clear', '{"confirm":"no","confirm":"delete all bookings of event 1"}', 'confirm'],
])('%s %s refuses a field that comes twice: %s', async (method, path, body, name) => {
  expect(refusalOf(await send(system().url, method, path, body))).toBe(`${name}: given more than once`);
});

describe('a misspelt name', () => {
  const seats = ['1-1-3'];
  const mine = { eventId: 1, userId: 1 };
  const house = { name: 'New', zones: [{ rows: 1, seatsPerRow: 5 }] };
  const booking = '/api/bookings/00000000-0000-8000-8000-000000000000';
  test.each([
    ['POST', '/reserve', { zone: 3, Row: 7, count: 1 }, 'Row: unknown field; did you mean row?'],
    ['POST', '/reserve', { count: 1, seats }, 'seats: unknown field; known: zone, row, start, count'],
    ['POST', '/clear?eventId=85', { eventId: 85 }, 'eventId: unknown parameter; this route takes no parameters'],
    ['POST', '/clear', { eventId: 85 }, 'eventId: unknown field'],
    ['PATCH', '/api/events/1', { paused: true }, 'paused: unknown field; did you mean salesPaused?'],
    ['PATCH', '/api/events/1', { onSaleat: null }, 'onSaleat: unknown field; did you mean onSaleAt?'],
    ['PATCH', '/api/events/1', { stage: [] }, 'stage: unknown field; known: name, onSaleAt, '],
    ['POST', '/api/events', { ...house, seatlimit: 2 }, 'seatlimit: unknown field; did you mean seatLimit?'],
    [
      'POST',
      '/api/events',
      { ...house, zones: [{ rows: 1, seatsPerRow: 5, prise: 2 }] },
      'zones.0.prise: unknown field; did you mean price?',
    ],
    ['DELETE', booking, { userId: 1, seats }, 'seats: unknown field; known: userId'],
    ['POST', `${booking}/confirm`, { userId: 1, paymentRef: 'abc' }, 'did you mean paymentReference?'],
    ['POST', '/admin/audit?eventid=2', undefined, 'eventid: unknown parameter; did you mean eventId?'],
    ['PUT', '/api/events/1/waiting-room', { Mode: 'on' }, 'Mode: unknown field; did you mean mode?'],
    ['POST', '/admin/workers', { processes: 'many' }, 'processes: a number from 1 to 64, or "auto"'],
    ['POST', '/api/bookings?eventId=2', { ...mine, count: 1 }, 'eventId: unknown parameter; known: wait'],
    ['POST', '/api/bookings', { ...mine, seatNumber: '1-1-1', seats }, 'seats: cannot be combined with seatNumber'],
    ['POST', '/api/bookings', { ...mine, seatNumber: '1-1-1', count: 2 }, 'count: cannot be combined with seatNumber'],
    [
      'POST',
      '/api/bookings',
      { ...mine, seats, zone: 1, row: 1 },
      'zone: cannot be combined with seats; row: cannot be combined',
    ],
    ['POST', '/api/bookings', { ...mine, seats, count: 1 }, 'count: cannot be combined with seats'],
    ['POST', '/api/bookings', { ...mine, zone: 1 }, 'count: required with zone, row, start, places or a condition'],
    ['POST', '/api/bookings', mine, 'body: requires seatNumber, seats, count, types or wishes'],
    ['POST', '/api/bookings', { ...mine, seatNumber: 'A17' }, 'seatNumber: a seat label is zone-row-number'],
    ['POST', '/api/bookings', { ...mine, count: 1, 'a\u202eb': 1 }, '"a\u202eb": unknown field'],
    ['POST', '/api/bookings', '{"eventId":1,"userId":1,"count":1,"__proto__":{}}', '__proto__: unknown field'],
  ])('%s %s %j is named', async (method, path, body, words) => {
    expect(refusalOf(await send(system().url, method, path, body))).toContain(words);
  });

  test('a thousand misspelt names give a short message', async () => {
    const fields = Array.from({ length: 1_000 }, (_, i) => [`f${i}`, 0]);
    const refusal = refusalOf(await reserve({ count: 1, ...Object.fromEntries(fields) }));
    expect(refusal).toMatch(/f9: unknown field.*; and 990 more$/);
  });

  test('an empty object counts as no body', async () => {
    const room = '/api/events/1/waiting-room';
    expect(await send(system().url, 'DELETE', room, {})).toMatchObject({
      status: 404,
      body: { code: 'PLACE_UNKNOWN' },
    });
    const chunked = await exchange(
      `DELETE ${room} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    );
    expect(chunked).toContain('PLACE_UNKNOWN');
  });

  test('a GET with a body is rejected, because the body would be ignored', async () => {
    const body = '{"limit":1}';
    const head = 'GET /api/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json';
    expect(await exchange(`${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`)).toContain(
      'body: this route takes none',
    );
    expect(await exchange(`${head}\r\nContent-Length: 2\r\n\r\n{}`)).toContain('HTTP/1.1 200 ');
  });

  test.each(['/?utm_source=x', '/events/1?fbclid=x', '/events/1/wait?x=1&x=2', '/admin?x=1', '/docs?x=1'])(
    'the page %s accepts any parameter',
    async (path) => {
      expect((await fetch(`${system().url}${path}`)).status).toBe(200);
    },
  );
});

test.each(['/reserve', '/api/bookings'])('POST %s rejects a body that is nested too deeply', async (path) => {
  const deep = `{"eventId":1,"userId":1,"count":1,"note":${'['.repeat(8_000)}${']'.repeat(8_000)}}`;
  const { body } = await send(system().url, 'POST', path, deep, { 'idempotency-key': 'a key for a deep body' });
  expect(body).toMatchObject({ code: 'INVALID_REQUEST' });
});

/** Sends bytes that no client library sends. @returns the answer */
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

test('a client that does not read a long answer still gets the answers of its other reads', async () => {
  const stuck = connect(Number(new URL(system().url).port), '127.0.0.1');
  stuck.pause().write('GET /api/events/1?include=seats HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(stuck, 'readable'); // the answer has begun, and is longer than socket buffers
  expect(await send(system().url, 'GET', '/stats')).toMatchObject({ status: 200 });
  stuck.destroy();
}, 30_000); // an answer is abandoned after a minute

const UPGRADE = 'Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket';
test.each([
  ['an address without a path', 'GET http:// HTTP/1.1\r\nHost: localhost\r\nConnection: close', 404, 'ROUTE_UNKNOWN'],
  ['an upgrade without a key', `GET /ws HTTP/1.1\r\n${UPGRADE}\r\nSec-WebSocket-Version: 13`, 400, 'INVALID_REQUEST'],
  ['an upgrade with a token in its address', `GET /ws?token=x HTTP/1.1\r\n${UPGRADE}`, 400, 'INVALID_REQUEST'],
  ['an upgrade elsewhere', `GET /elsewhere HTTP/1.1\r\n${UPGRADE}`, 404, 'ROUTE_UNKNOWN'],
])('%s is answered with a code', async (_name, head, status, code) => {
  const answer = await exchange(`${head}\r\n\r\n`);
  expect(answer).toContain(`HTTP/1.1 ${status} `);
  expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ code });
});

test('the message names every invalid field', async () => {
  const { body } = await reserve({ zone: 0, row: 'x', count: 21 });
  for (const field of ['zone', 'row', 'count']) expect(body.error).toContain(`${field}:`);
});

test('a body over 16 KiB is rejected, with and without a Content-Length', async () => {
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
  'content type %s is rejected',
  async (type) => {
    const reply = await reserve('{"zone":1,"row":1,"count":2}', { 'content-type': type });
    expect(reply).toMatchObject({ status: 409, body: { code: 'UNSUPPORTED_MEDIA_TYPE' } });
  },
);

test.each([
  ['/occupancy/0/1', { zone: 0, row: 1 }],
  ['/occupancy/51/1', { zone: 51, row: 1 }],
  ['/occupancy/1/21', { zone: 1, row: 21 }],
  ['/occupancy/a/1', { zone: 'a', row: 1 }],
  ['/occupancy/1.5/1', { zone: 1.5, row: 1 }],
  ['/occupancy/1.0/1', { zone: 1, row: 1 }],
  ['/occupancy/0x1/1', { zone: 1, row: 1 }],
  ['/occupancy/%zz/1', {}],
])('GET %s answers 409, and repeats the request', async (path, request) => {
  const reply = await send(system().url, 'GET', path);
  expect(reply).toMatchObject({ status: 409, body: { code: 'INVALID_REQUEST', ...request } });
});

test.each([
  ['/api/tickets/no-ticket', 404, 'TICKET_UNKNOWN'],
  ['/api/tickets/00000000-0000-8fff-8000-000000000000', 404, 'TICKET_UNKNOWN'],
  ['/api/tickets/%zz', 400, 'INVALID_REQUEST'],
  ['/api/events/1.0', 404, 'EVENT_UNKNOWN'],
  ['/api/events/0x1/waiting-room', 404, 'EVENT_UNKNOWN'],
  ['/api/events/%201/waiting-room/draw', 404, 'EVENT_UNKNOWN'],
  ['/api/events/%201/waiting-room/challenge', 404, 'EVENT_UNKNOWN'],
  ['/api/seats/map?eventId=1.0', 400, 'INVALID_REQUEST'],
  ['/api/events?limit=1e1', 400, 'INVALID_REQUEST'],
  ['/api/events?after=', 400, 'INVALID_REQUEST'],
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
    ['an invalid ticket id', '{"type":"subscribe","ticketId":"x"}'],
    ['an unknown field', '{"type":"watch","eventId":1,"zone":2}', 'zone: unknown field; known: type, eventId'],
    ['a name in another case', '{"type":"watch","eventid":1}', 'eventid: unknown field; did you mean eventId?'],
    ['a repeated field', '{"type":"watch","eventId":1,"eventId":2}', 'eventId: given more than once'],
  ])('with %s is refused, and the socket goes on', async (_name, message, words = '') => {
    const socket = await openSocket(system().url);
    socket.send(message);
    const error = expect.stringContaining(words);
    expect(await socket.next()).toMatchObject({ type: 'error', code: 'INVALID_REQUEST', error });
    const ticketId = '00000000-0000-8000-8000-000000000000';
    socket.send({ type: 'subscribe', ticketId });
    expect(await socket.next()).toMatchObject({ type: 'error', code: 'TICKET_UNKNOWN', ticketId });
    socket.close();
  });

  test('in binary form is rejected', async () => {
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

  test('on another path is not accepted', async () => {
    await expect(openSocket(`${system().url}/elsewhere`)).rejects.toThrow('404');
  });
});

test('an answer that breaks off ends its own connection only', async () => {
  const begin = (_req: unknown, res: ServerResponse) => void res.writeHead(200).write('half');
  system().server.prependOnceListener('request', begin);
  await expect(fetch(`${system().url}/nothing`).then((response) => response.text())).rejects.toThrow();
  expect(await send(system().url, 'GET', '/healthz')).toMatchObject({ status: 200 });
});
