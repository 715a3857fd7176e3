import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { freePort } from '../../local/embedded/free-port.ts';
import { startTicketTrace, startTracing } from '../../shared/telemetry/ticket-traces.ts';
import { openSocket, send } from '../support/client.ts';
import { cleanUp, run, until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

type Attribute = { key: string; value: { stringValue?: string; intValue?: number } };

/** A span in OTLP's JSON. */
type Span = {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Attribute[];
  links?: { traceId: string; spanId: string }[];
};

/** Receives traces as a collector does, by OTLP over HTTP. */
async function startCollector() {
  const spans: Span[] = [];
  const close = () => {
    server.close();
    server.closeAllConnections(); // exporters keep their connections open
  };
  const collector = { url: '', spans, connections: 0, status: 200, close };
  const server = createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req) body += chunk;
    expect([req.method, req.url, req.headers['content-type']]).toEqual(['POST', '/v1/traces', 'application/json']);
    res.writeHead(collector.status, { 'content-type': 'application/json' }).end('{}');
    if (collector.status !== 200) return;
    for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
      const service = attributeOf(resource.attributes, 'service.name') as string;
      for (const { spans: some } of scopeSpans) spans.push(...some.map((span: Span) => ({ ...span, service })));
    }
  });
  server.on('connection', () => {
    collector.connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  collector.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return collector;
}

const attributeOf = (attributes: Attribute[], key: string) => {
  const value = attributes.find((attribute) => attribute.key === key)?.value;
  return value?.stringValue ?? value?.intValue;
};

const system = useSystem({ ZONES: 2, ROWS: 10, SEATS_PER_ROW: 20, LOG_LEVEL: 'debug' });
let collector: Awaited<ReturnType<typeof startCollector>>;
let stop = async () => {};
beforeAll(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  await stop();
  stop = async () => {};
  collector.spans.length = 0;
  collector.status = 200;
});
afterAll(() => {
  collector.close();
  return cleanUp();
});

const traceAll = async (ratio = 1) => {
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, TRACE_RATIO: ratio };
  stop = await startTracing(settings, 'test', system().log);
};

const reserve = (query = '', headers = {}) => send(system().url, 'POST', `/reserve${query}`, { count: 1 }, headers);

/** The spans that arrived so far. */
async function sent(): Promise<Span[]> {
  await stop();
  return collector.spans;
}

/** The spans of a ticket's trace, in the order of their start. */
const traceOf = (spans: Span[], ticketId: unknown) => {
  const root = spans.find(({ attributes }) => attributeOf(attributes, 'frontrow.ticket.id') === ticketId);
  return spans
    .filter(({ traceId }) => traceId === root?.traceId)
    .sort((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)));
};

const nanos = ({ startTimeUnixNano, endTimeUnixNano }: Span) =>
  Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano));
const linksOf = ({ links = [] }: Span) => links.map(({ spanId }) => spanId).sort();

test('by default jobs have no trace and no collector is called', async () => {
  stop = await startTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: undefined, TRACE_RATIO: 1 }, 'test', system().log);
  await system().stopWorkers();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const { ticketId } = (await reserve('', { traceparent })).body;
  const job = (await system().redis.hget(`{s0}:booking:${ticketId}`, 'data')) ?? '';
  expect(job).toContain(ticketId);
  expect(job).not.toContain('trace');
  await system().resumeWorkers();
  expect((await reserve('?wait=5', { traceparent })).status).toBe(200);
  await stop();
  expect(collector.connections).toBe(0);
});

test('one trace shows a ticket from the request to the WebSocket message, each step with its time', async () => {
  await traceAll();
  const { status, body } = await reserve('?wait=5', { 'x-request-id': 'request-1' });
  expect(status).toBe(200);
  const trace = traceOf(await sent(), body.ticketId);
  expect(trace.map(({ name }) => name)).toEqual([
    ...['POST /reserve', 'accept', 'queue wait', 'claim', 'save', 'settle', 'push'],
  ]);
  const [root, ...below] = trace as [Span, ...Span[]];
  expect(attributeOf(root.attributes, 'frontrow.request.id')).toBe('request-1');
  expect(attributeOf(root.attributes, 'http.response.status_code')).toBe(200);
  for (const span of below) {
    expect([span.name, span.parentSpanId]).toEqual([span.name, root.spanId]);
    expect(nanos(span)).toBeGreaterThan(0);
    expect(nanos(span)).toBeLessThan(nanos(root));
  }
  const lines = system().logged.map((line) => JSON.parse(line));
  expect(lines).toContainEqual(
    expect.objectContaining({
      msg: 'accepted',
      ticketId: body.ticketId,
      requestId: 'request-1',
      traceId: root.traceId,
    }),
  );
});

test('a batch of several tickets has a trace of its own with links to and from each of theirs', async () => {
  await traceAll();
  await system().stopWorkers();
  const answers = await Promise.all(Array.from({ length: 5 }, () => reserve()));
  await system().resumeWorkers();
  const socket = await openSocket(system().url);
  for (const { body } of answers) {
    socket.send({ type: 'subscribe', ticketId: body.ticketId });
    while ((await socket.next()).status === 'queued');
  }
  socket.close();
  const spans = await sent();
  const batches = spans.filter(({ name }) => name === 'book batch');
  const carried = batches.flatMap(({ links = [] }) => links.map(({ traceId }) => traceId));
  const traces = answers.map(({ body }) => traceOf(spans, body.ticketId));
  expect(carried.sort()).toEqual(traces.map(([root]) => root?.traceId).sort());
  expect(Math.max(...batches.map((batch) => linksOf(batch).length))).toBeGreaterThan(1);
  for (const batch of batches) {
    const steps = spans.filter(({ parentSpanId }) => parentSpanId === batch.spanId);
    expect(steps.map(({ name }) => name)).toEqual(['claim', 'save', 'settle']);
    for (const trace of traces.filter(([root]) => linksOf(batch).includes(root?.spanId ?? ''))) {
      const worked = trace.filter(({ links }) => links !== undefined && links.length > 0);
      expect(worked.map(({ name }) => name)).toEqual(['queue wait', 'claim', 'save', 'settle']);
      for (const span of worked) expect(linksOf(span)).toEqual([batch.spanId]);
    }
  }
});

test('a change of a hold is traced like a booking', async () => {
  const { body } = await send(system().url, 'POST', '/api/bookings?wait=5', { eventId: 1, userId: 1, count: 1 });
  await traceAll();
  expect((await send(system().url, 'POST', `/api/bookings/${body.id}/confirm`, { userId: 1 })).status).toBe(200);
  const spans = await sent();
  const root = spans.find(({ name }) => name === 'POST /api/bookings/:id/confirm');
  const trace = traceOf(spans, attributeOf(root?.attributes ?? [], 'frontrow.ticket.id'));
  expect(trace.map(({ name }) => name).slice(1)).toEqual(['accept', 'queue wait', 'change', 'settle', 'push']);
});

test('a client’s sampled trace is continued; others are sampled by the ratio', async () => {
  await traceAll(0);
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  await reserve('?wait=5', { traceparent: `00-${traceId}-b7ad6b7169203331-01` });
  for (const other of ['00-0af7651916cd43dd8448eb211c80319d-b7ad6b7169203331-00', `00-${traceId}-x-01`, 'nonsense'])
    await reserve('?wait=5', { traceparent: other });
  await reserve('?wait=5');
  const spans = await sent();
  const roots = spans.filter(({ name }) => name === 'POST /reserve');
  expect(roots).toMatchObject([{ traceId, parentSpanId: 'b7ad6b7169203331' }]);
  expect(spans.filter((span) => span.traceId === traceId)).toHaveLength(7);
});

test('clients get a bounded number of traces a second', async () => {
  await traceAll(0);
  const startTrace = () =>
    startTicketTrace('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', undefined, route);
  const route = () => ({ method: 'POST', route: '/reserve' });
  const granted = Array.from({ length: 1_000 }, startTrace).filter((trace) => trace !== undefined).length;
  expect(granted).toBeGreaterThan(90); // earlier tests may have used this second's traces
  expect(granted).toBeLessThanOrEqual(200); // a new second may begin in between
});

test('a collector that refuses spans delays no request, and the log has one line', async () => {
  await traceAll();
  collector.status = 400;
  expect((await reserve('?wait=5')).status).toBe(200);
  await sent();
  expect(collector.spans).toEqual([]);
  expect(system().logged.filter((line) => line.includes('exporting traces failed'))).toHaveLength(1);
});

test('API and worker processes send one trace together, and the last spans when they end', async () => {
  await system().stopWorkers();
  const { databaseUrl: DATABASE_URL, redisUrl: REDIS_URL } = system();
  const [OTEL_EXPORTER_OTLP_ENDPOINT, PORT] = [collector.url, String(await freePort())];
  const env = { DATABASE_URL, REDIS_URL, OTEL_EXPORTER_OTLP_ENDPOINT, TRACE_RATIO: '1', PORT, LOG_LEVEL: 'info' };
  const [api, worker] = [run('api/main', [], env), run('workers/main', [], env)];
  await until(() => api.output().includes('api ready') && worker.output().includes('worker ready'), 20_000);
  const { body } = await send(`http://127.0.0.1:${PORT}`, 'POST', '/reserve?wait=5', { count: 1 });
  for (const part of [api, worker]) part.kill('SIGTERM');
  await Promise.all([api.ended, worker.ended]);
  expect(traceOf(collector.spans, body.ticketId).map(({ service, name }) => `${service} ${name}`)).toEqual([
    'frontrow-api POST /reserve',
    'frontrow-api accept',
    ...['queue wait', 'claim', 'save', 'settle'].map((name) => `frontrow-worker ${name}`),
    'frontrow-api push',
  ]);
});
