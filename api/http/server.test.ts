import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import express from 'express';
import { createClosing } from './closing.ts';
import { ApiError } from './errors.ts';
import { reply, replyProblem } from './replies.ts';
import { securityHeaders } from './security-headers.ts';
import { createAppServer } from './server.ts';

const ASCII = { name: 'Arena' };
const UNICODE = { name: 'Opéra 🎭' };

const OF_JSON = [
  'cache-control',
  'connection',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'x-content-type-options',
];
const OF_PAGES = [
  ...OF_JSON,
  'content-security-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'referrer-policy',
  'x-frame-options',
  'x-xss-protection',
];

function createServer(TRUST_PROXY: 1 | undefined) {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  if (TRUST_PROXY !== undefined) app.set('trust proxy', TRUST_PROXY);
  app.get('/ascii', (_req, res) => reply(res, 200, ASCII));
  app.get('/unicode', (_req, res) => reply(res, 200, UNICODE));
  app.get('/problem', (_req, res) => replyProblem(res, new ApiError('ROUTE_UNKNOWN')));
  app.get('/page', (_req, res) => void res.send('<p>a page</p>'));
  return createAppServer(app, securityHeaders({ TRUST_PROXY }));
}

const plain = createServer(undefined);
const behindProxy = createServer(1);
const portOf = (server: typeof plain) => (server.address() as AddressInfo).port;

beforeAll(async () => {
  for (const server of [plain, behindProxy]) await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  for (const server of [plain, behindProxy]) await once(server.close(), 'close');
});

const get = (server: typeof plain, path: string, init?: RequestInit) =>
  fetch(`http://127.0.0.1:${portOf(server)}${path}`, init);

const namesOf = ({ headers }: Response) => [...headers.keys()].toSorted();

test('JSON and problems have only the headers that have a meaning there; pages have all of helmet’s', async () => {
  for (const path of ['/ascii', '/unicode', '/problem']) {
    const answer = await get(plain, path);
    expect(namesOf(answer)).toEqual(OF_JSON.toSorted());
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  }
  expect(namesOf(await get(plain, '/page'))).toEqual(OF_PAGES.toSorted());
});

test('behind a proxy that uses TLS, JSON and pages require TLS', async () => {
  const overTls = { headers: { 'x-forwarded-proto': 'https' } };
  for (const path of ['/ascii', '/page']) {
    const { headers } = await get(behindProxy, path, overTls);
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
    expect((await get(behindProxy, path)).headers.get('strict-transport-security')).toBeNull();
  }
});

test('a body arrives as it is, and its length counts bytes', async () => {
  for (const [path, body] of [
    ['/ascii', ASCII],
    ['/unicode', UNICODE],
  ] as const) {
    const answer = await get(plain, path);
    expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(JSON.stringify(body))));
    expect(await answer.json()).toEqual(body);
  }
});

test('a HEAD gets the headers of a GET and no body, also before other requests on its connection', async () => {
  const request = (method: string, path: string) => `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n`;
  const last = `${request('GET', '/ascii')}connection: close\r\n\r\n`;
  const client = connect(portOf(plain), '127.0.0.1');
  client.end(`${request('HEAD', '/ascii')}\r\n${request('GET', '/unicode')}\r\n${last}`);
  const answers = (await text(client)).split('HTTP/1.1 200 OK\r\n').slice(1);
  const bodies = answers.map((answer) => answer.slice(answer.indexOf('\r\n\r\n') + 4));
  expect(bodies).toEqual(['', JSON.stringify(UNICODE), JSON.stringify(ASCII)]);
  expect(answers[0]).toMatch(/^content-length: 16\r$/m);
});

test('a server that ends its connections ends each after its answer, whatever the request expects', async () => {
  const server = createServer(undefined);
  createClosing(server).endEachConnection();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  for (const expected of ['', 'expect: 100-continue\r\n', 'expect: something\r\n']) {
    const client = connect(portOf(server), '127.0.0.1');
    client.write(`GET /ascii HTTP/1.1\r\nhost: localhost\r\n${expected}\r\n`);
    expect(await text(client)).toMatch(/^HTTP\/1.1 200 OK\r$[\s\S]*^connection: close\r$/im);
  }
  await once(server.close(), 'close');
});
