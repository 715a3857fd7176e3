import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { isInstalled } from '../../loadtest/kit/processes.ts';
import { type LineView, lineView, type WaitingLine } from '../../shared/contract/line.ts';
import { hasLine, standingIn } from '../../shared/domain/line-standing.ts';
import { send } from '../support/client.ts';
import { cleanUp, dataFolder, until } from '../support/processes.ts';
import { startNginx } from '../support/proxies.ts';
import { useSystem } from '../support/system.ts';
import { newEvent, setRoom, visitorAt } from '../support/visitors.ts';

const system = useSystem();

const opened: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  await cleanUp();
  for (const { close } of opened.splice(0)) await close();
});

const HOUR_MS = 3_600_000;
const CACHE_CONTROL = 'public, max-age=1, stale-while-revalidate=5';

const pathOf = (event: number) => `/api/events/${event}/line`;
const getLine = (event: number, headers: Record<string, string> = {}) =>
  send(system().url, 'GET', pathOf(event), undefined, headers);

/** Reads the line until it is as a test waits for. */
async function lineOnce(event: number, is: (line: WaitingLine) => boolean): Promise<WaitingLine> {
  let line: LineView | undefined;
  await until(
    async () => {
      line = lineView.parse((await getLine(event)).body);
      return hasLine(line) && is(line);
    },
    20_000,
    () => JSON.stringify(line),
  );
  return line as WaitingLine;
}

/** The arrival number in a visitor token, whose generation must be that of the line. */
function arrivalOf(token: string, line: WaitingLine): number {
  const [kind, event, generation, arrival] = token.split('.');
  expect([kind, event, generation]).toEqual(['v', String(line.eventId), String(line.generation)]);
  return Number(arrival);
}

test('from the draw to the end, the line and a token give what a poll answers', async () => {
  const { url } = system();
  const onSaleAt = new Date(Date.now() + HOUR_MS).toISOString();
  const event = await newEvent(url, { zones: [{ rows: 1, seatsPerRow: 4 }], onSaleAt });
  await setRoom(url, { mode: 'on', paused: true }, event);
  const visitors = Array.from({ length: 7 }, () => visitorAt(url, event));
  for (const visitor of visitors) await visitor.join();
  const standings = (line: WaitingLine) => visitors.map(({ token }) => standingIn(line, arrivalOf(token, line)));

  const gathering = await lineOnce(event, ({ joined }) => joined === 7);
  expect(gathering).toMatchObject({ status: 'before_sale', paused: true, sold: false, serving: 0, onSaleAt });
  expect(Object.keys(gathering)).not.toEqual(expect.arrayContaining(['people']));
  expect(JSON.stringify(gathering)).not.toMatch(/seed|draw|chain|token/);
  expect(standings(gathering)).toEqual(visitors.map(() => ({ status: 'before_sale' })));

  await send(url, 'PATCH', `/api/events/${event}`, { onSaleAt: new Date().toISOString() });
  await lineOnce(event, ({ draw }) => draw !== undefined);
  visitors.push(visitorAt(url, event)); // after the draw
  await visitors[7]?.join();
  const drawn = await lineOnce(event, ({ joined }) => joined === 8);
  expect(drawn).toMatchObject({ status: 'waiting', people: 7, draw: { people: 7 } });
  const { body: published } = await send(url, 'GET', `/api/events/${event}/waiting-room/draw`);
  expect(published).toMatchObject(drawn.draw ?? {});
  const polls = await Promise.all(visitors.map((visitor) => visitor.poll()));
  expect(standings(drawn)).toMatchObject(polls.map(({ status, position, ahead }) => ({ status, position, ahead })));
  expect(polls.map(({ position }) => position).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(polls[7]).toMatchObject({ status: 'waiting', position: 8, ahead: 7 });

  await setRoom(url, { paused: false }, event);
  const serving = await lineOnce(event, ({ serving: last, paused }) => last > 0 && !paused);
  expect(standings(serving).filter(({ status }) => status === 'called')).toHaveLength(serving.serving);
  for (const [i, { position = 0 }] of polls.entries()) {
    if (position > 4) continue;
    const admitted = await visitors[i]?.admitted(20_000); // only those who are called ask
    const wish = { eventId: event, userId: 1, count: 1 };
    const booked = await send(url, 'POST', '/api/bookings?wait=10', wish, admitted);
    await send(url, 'POST', `/api/bookings/${booked.body.id}/confirm`, { userId: 1 });
  }
  const sold = await lineOnce(event, (line) => line.sold);
  expect(sold).toMatchObject({ status: 'sold_out' });
  expect(standings(sold).map(({ status }) => status)).toEqual(visitors.map(() => 'sold_out'));

  await system().prisma.event.update({ where: { id: event }, data: { endsAt: new Date() } });
  await until(async () => (await getLine(event)).body.status === 'ended', 20_000);
  const { body } = await getLine(event);
  expect(Object.keys(body).sort()).toEqual(['asOf', 'eventId', 'status']);
  expect(standingIn(lineView.parse(body), 1)).toEqual({ status: 'ended' });
}, 90_000);

test('everybody gets the same bytes in a second, and 304 for the tag of these', async () => {
  const event = await newEvent(system().url);
  await setRoom(system().url, { mode: 'on' }, event);
  const [one, other] = [visitorAt(system().url, event), visitorAt(system().url, event)];
  await one.join();
  await other.join();
  const asking = [one.token, other.token, '', 'v.1.1.1.0.forged'].flatMap((token) => Array(10).fill(token) as string[]);
  const answers = await Promise.all(asking.map((token) => getLine(event, { 'x-visitor-token': token })));
  const texts = new Set(answers.map(({ headers, body }) => `${headers.get('etag')} ${JSON.stringify(body)}`));
  expect(texts.size).toBeLessThanOrEqual(2); // a new second may have begun
  for (const { headers } of answers) expect(headers.get('cache-control')).toBe(CACHE_CONTROL);
  await until(async () => {
    const etag = (await getLine(event)).headers.get('etag') ?? '';
    const again = await fetch(system().url + pathOf(event), { headers: { 'if-none-match': `"x", ${etag}` } });
    if (again.status !== 304) return false; // the second was over
    expect([again.headers.get('etag'), again.headers.get('cache-control')]).toEqual([etag, CACHE_CONTROL]);
    expect(await again.text()).toBe('');
    return true;
  }, 15_000);
  await lineOnce(event, ({ asOf }) => Date.parse(asOf) > Date.parse(String(answers[0]?.body.asOf)));
});

test('an event without a room is open, and one that was cancelled has ended', async () => {
  const event = await newEvent(system().url);
  const { body, headers } = await getLine(event);
  expect(lineView.parse(body)).toEqual({ eventId: event, status: 'open', asOf: expect.any(String) });
  expect(headers.get('cache-control')).toBe(CACHE_CONTROL);
  await setRoom(system().url, { mode: 'on' }, event);
  await lineOnce(event, ({ status, joined }) => status === 'waiting' && joined === 0);
  await setRoom(system().url, { mode: 'off' }, event);
  await until(async () => (await getLine(event)).body.status === 'open', 15_000);
  await send(system().url, 'POST', `/api/events/${event}/cancel`);
  await until(async () => (await getLine(event)).body.status === 'ended', 15_000);
});

test('an unknown event and any query are refused, and no cache keeps the refusal', async () => {
  const refused = await send(system().url, 'GET', `${pathOf(1)}?utm=1`);
  expect(refused).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  expect(String(refused.body.detail)).toContain('utm');
  const unknown = await getLine(99_999);
  expect(unknown).toMatchObject({ status: 404, body: { code: 'EVENT_UNKNOWN' } });
  for (const { headers } of [refused, unknown]) expect(headers.get('cache-control')).toBe('no-store');
});

test('it costs its client no read, and pages of any origin get one answer where CORS is on', async () => {
  const api = await system().anotherApi({
    RATE_LIMIT: 'on',
    READS_PER_MINUTE: 10,
    CORS_ORIGINS: ['https://shop.test'],
  });
  opened.push(api);
  const from = (origin: string, path: string) => fetch(api.url + path, { headers: { origin } });
  for (let i = 0; i < 20; i += 1) {
    const { status, headers } = await from(i % 2 ? 'https://shop.test' : 'https://other.test', pathOf(1));
    expect([status, headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([200, '*', null]);
    expect(headers.get('access-control-expose-headers')).toMatch(/Date,Age/);
  }
  const { headers } = await from('https://shop.test', '/api/seats/map?eventId=1');
  expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual(['*', 'Accept-Encoding']);
});

const hasNginx = isInstalled('nginx');
if (!hasNginx) process.stderr.write('skipped without nginx: the line and the map from a cache\n');

(hasNginx ? test : test.skip)(
  'behind nginx as a cache a crowd costs a request a second, and gets the last answer meanwhile',
  async () => {
    const { url, server } = system();
    const event = await newEvent(url);
    await setRoom(url, { mode: 'on' }, event);
    const map = `/api/seats/map?eventId=${event}`;
    const reached: string[] = [];
    server.on('request', ({ url: path }) => reached.push(String(path)));
    const port = Number(new URL(url).port);
    const cache = await startNginx(dataFolder(), [port, port], true);
    const get = async (path: string) => {
      const { status, headers } = await fetch(cache.url + path);
      return { status, etag: headers.get('etag'), from: headers.get('x-cache-status') };
    };
    /** A crowd that asks at once, and how many of its requests the API got in each second. */
    async function crowd(pathFor: (i: number) => string) {
      const [before, startedAt] = [reached.length, performance.now()];
      const answers = (
        await Promise.all(
          Array.from({ length: 50 }, async (_, client) => {
            const own: Awaited<ReturnType<typeof get>>[] = [];
            for (let i = 0; i < 20; i += 1) own.push(await get(pathFor(client * 20 + i)));
            return own;
          }),
        )
      ).flat();
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
      return { answers, perSecond: (reached.length - before) / Math.max(1, (performance.now() - startedAt) / 1000) };
    }

    expect((await crowd(() => pathOf(event))).perSecond).toBeLessThan(4);
    expect((await crowd((i) => `${pathOf(event)}?visitor=${i}`)).perSecond).toBeLessThan(4);
    expect((await crowd(() => map)).perSecond).toBeLessThan(4);

    await sleep(2_500); // it is stale now
    const stale = await get(pathOf(event));
    expect(stale.from).toBe('STALE');
    await until(async () => (await get(pathOf(event))).etag !== stale.etag, 15_000);

    const { etag: unsold } = await get(map);
    await setRoom(url, { mode: 'off' }, event);
    await send(url, 'POST', '/api/bookings?wait=10', { eventId: event, userId: 1, count: 1 });
    await until(async () => (await get(map)).etag !== unsold, 15_000);
  },
  90_000,
);
