import { beforeEach, expect, test } from '@jest/globals';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { BOARD_PATH } from '../../api/auth/queue-board-sessions.ts';
import { serverMessage } from '../../shared/contract/messages.ts';
import { describeInBrowser, expectReadable } from '../support/browser.ts';
import { openSocket, send } from '../support/client.ts';
import { ADMIN_TOKEN, asOperator, useOperatorPages } from '../support/operator-pages.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({
  ADMIN_TOKEN,
  LOG_LEVEL: 'warn',
  SHARDS: 2,
  ZONES: 3,
  ROWS: 4,
  SEATS_PER_ROW: 10,
});

const reserve = (count: number) => send(system().url, 'POST', '/reserve?wait=10', { count });

test('an operator’s socket gets the overview each second, and no other socket does', async () => {
  const socket = await openSocket(system().url);
  socket.send({ type: 'operate' });
  expect(await socket.next()).toMatchObject({ type: 'error', code: 'UNAUTHENTICATED' });
  socket.send({ type: 'operate', token: 'another token' });
  expect(await socket.next()).toMatchObject({ type: 'error', code: 'FORBIDDEN' });
  socket.send({ type: 'operate', token: ADMIN_TOKEN });
  const first = serverMessage.parse(await socket.next());
  const second = serverMessage.parse(await socket.next());
  if (first.type !== 'overview' || second.type !== 'overview') throw new Error('no overview');
  expect(first).toMatchObject({ redisUp: true, postgresUp: true, workers: { alive: 1, asked: 'auto' } });
  expect(first.events).toMatchObject([{ eventId: 1, salesPaused: false, seats: { sold: 0, available: 120 } }]);
  expect(second.atMs - first.atMs).toBeGreaterThan(900);
  socket.close();
});

test('the queue board needs a session, which gives no other access, and is read-only', async () => {
  const { url } = system();
  const openBoard = (headers: Record<string, string>, path = '/', method = 'GET') =>
    fetch(`${url}${BOARD_PATH}${path}`, { headers, method });
  expect((await openBoard({})).status).toBe(401);
  const { headers } = await send(url, 'POST', '/admin/session', undefined, asOperator);
  const [cookie = '', ...attributes] = (headers.get('set-cookie') ?? '').split('; ');
  expect(attributes).toEqual(['Path=/admin/queues', 'Max-Age=28800', 'HttpOnly', 'SameSite=Strict']);
  const page = await openBoard({ cookie });
  expect(page.status).toBe(200);
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'self'; style-src/);
  const { queues } = (await (await openBoard({ cookie }, '/api/queues')).json()) as { queues: object[] };
  expect(queues).toHaveLength(4);
  for (const queue of queues) expect(queue).toMatchObject({ readOnlyMode: true });
  expect((await openBoard({ cookie }, '/api/queues/pause', 'PUT')).status).toBe(403);
  expect((await send(url, 'GET', '/admin/workers', undefined, { cookie })).status).toBe(401);
  const [name, value = ''] = cookie.split('=');
  const later = value.replace(/^\d/, (digit) => String(Number(digit) + 1));
  expect((await openBoard({ cookie: `${name}=${later}` })).status).toBe(401);
});

describeInBrowser('the operator’s page', (browser) => {
  const pages = useOperatorPages(browser, () => system().url);
  let page: Page;

  const open = async (options: BrowserContextOptions = {}): Promise<void> => {
    page = await pages.open('', options);
  };
  const button = (name: string) => page.getByRole('button', { name });
  const figure = (name: string) => page.locator('dl div', { hasText: name }).locator('dd').textContent();

  beforeEach(() => send(system().url, 'POST', '/admin/workers', { processes: 'auto' }, asOperator));
  test('an operator logs in with the token, sees live numbers, and scales workers', async () => {
    await open();
    await page.getByRole('heading', { name: 'No problems' }).waitFor();
    await page.getByText('120 free').waitFor();

    await Promise.all(Array.from({ length: 20 }, () => reserve(2)));
    await page.getByText('40 sold').waitFor();
    await page.locator('tr', { hasText: 'booked' }).getByText('20').first().waitFor();
    await system().stopWorkers();
    await send(system().url, 'POST', '/reserve', { count: 2 });
    await until(async () => (await figure('Tickets waiting')) === '1', 10_000);
    await page.getByRole('heading', { name: 'There are problems' }).waitFor();
    await page.getByRole('alert').getByText('No worker runs:').waitFor();
    await until(async () => (await page.title()).startsWith('⚠ No worker runs · '), 10_000);
    await until(async () => (await figure('ETA of the newest')) === 'none: no worker runs', 10_000);
    await expectReadable(page);
    await page.getByRole('link', { name: 'Trail' }).click(); // it is over every page
    await page.getByRole('alert').getByText('No worker runs:').waitFor();
    await until(async () => (await page.title()).startsWith('⚠ No worker runs · Trail'), 10_000);
    await page.getByRole('link', { name: 'Overview' }).click();
    await system().resumeWorkers();
    await page.getByRole('heading', { name: 'No problems' }).waitFor();
    await until(async () => !(await page.title()).includes('⚠'), 10_000);

    const { alive, desired = alive } = (await send(system().url, 'GET', '/admin/workers', undefined, asOperator))
      .body as {
      alive: number;
      desired?: number;
    };
    await button('One worker more').click();
    await page.getByText(`An operator set their number to ${desired + 1}.`).waitFor();
    await button('One worker fewer').click();
    await page.getByText(`An operator set their number to ${desired}.`).waitFor();
    expect((await send(system().url, 'GET', '/admin/workers', undefined, asOperator)).body.asked).toBe(desired);

    system().log.warn({ fault: 'a fault to be seen', token: 'secret' }, 'something was not right');
    await page.reload(); // the page keeps the token
    await page.getByText('a fault to be seen').waitFor();
    await button('Open the queue dashboard').click();
    await page.getByText('s0 booking').first().waitFor();
    pages.complaints.splice(0); // Bull Board requests a font of Google, which the policy blocks
  });

  test('a connection that dies silently is detected and opened again', async () => {
    await open();
    let isDead = false;
    await page.routeWebSocket('**/ws', (socket) => {
      const server = socket.connectToServer();
      server.onMessage((message) => {
        if (!isDead) socket.send(message);
      });
    });
    await page.reload(); // the page keeps the token
    await page.getByRole('heading', { name: 'No problems' }).waitFor();
    isDead = true;
    await page.getByRole('heading', { name: 'Connection lost' }).waitFor();
    isDead = false;
    await page.getByRole('heading', { name: 'No problems' }).waitFor();
  });

  test('the page is readable in light, in dark and on a phone', async () => {
    await open({ viewport: { width: 320, height: 640 } });
    await page.getByRole('heading', { name: /problems/i }).waitFor();
    await expectReadable(page);
  });
});
