import { expect, test } from '@jest/globals';
import { describeInBrowser, expectReadable } from '../support/browser.ts';
import { openSocket, send } from '../support/client.ts';
import { ADMIN_TOKEN, asOperator, useOperatorPages } from '../support/operator-pages.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ADMIN_TOKEN, ZONES: 1, ROWS: 2, SEATS_PER_ROW: 5 });
const ownOf = (headers: Record<string, string> = {}) => send(system().url, 'GET', '/admin/me', undefined, headers);

async function makeKey(name: string, scopes: string[]) {
  const { body } = await send(system().url, 'POST', '/admin/keys', { name, scopes }, asOperator);
  return { id: Number(body.id), key: String(body.key), as: { authorization: `Bearer ${body.key}` } };
}

test('a key, and the admin token, read their own name and scopes', async () => {
  const all = ['sell', 'return', 'read', 'operate'];
  expect(await ownOf(asOperator)).toMatchObject({ status: 200, body: { name: 'admin token', scopes: all } });
  const anna = await makeKey('Anna', ['return', 'read']);
  expect(await ownOf(anna.as)).toMatchObject({ status: 200, body: { name: 'key Anna', scopes: ['return', 'read'] } });
  for (const path of ['/admin/events', '/admin/history'])
    expect(await send(system().url, 'GET', path, undefined, anna.as)).toMatchObject({ status: 403 });
  expect(await ownOf()).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
  expect(await ownOf({ authorization: 'Bearer another' })).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
  await send(system().url, 'DELETE', `/admin/keys/${anna.id}`, undefined, asOperator);
  expect(await ownOf(anna.as)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
});

test('a socket gets the overview with a key of the scope operate, and with no other key', async () => {
  const { url } = system();
  const [operate, read] = await Promise.all([makeKey('operates', ['operate']), makeKey('reads', ['read'])]);
  const socket = await openSocket(url);
  socket.send({ type: 'operate', token: read.key });
  expect(await socket.next()).toMatchObject({ type: 'error', code: 'FORBIDDEN' });
  socket.send({ type: 'operate', token: operate.key });
  expect(await socket.next()).toMatchObject({ type: 'overview' });
  socket.close();
});

describeInBrowser('the door of the operator’s pages', (browser) => {
  const { open, openDoor, enter } = useOperatorPages(browser, () => system().url);

  test('a wrong key is refused, the token of the address logs in and leaves it, and one logs out', async () => {
    const page = await openDoor();
    await enter(page, 'a wrong token');
    await page.getByText('This is not the admin token.').waitFor();
    await enter(page, `frk_${'x'.repeat(43)}`);
    await page.getByText('The key is unknown, revoked or expired.').waitFor();
    await expectReadable(page);
    await page.goto(`${system().url}/admin#token=${ADMIN_TOKEN}`);
    await page.getByRole('heading', { name: 'No problems' }).waitFor();
    expect(page.url()).toBe(`${system().url}/admin`);
    await page.goto(`${system().url}/admin#token=${ADMIN_TOKEN}x`); // the token of another run, in an open tab
    await page.getByText('This is not the admin token.').waitFor();
    expect(page.url()).toBe(`${system().url}/admin`);
    await enter(page, ADMIN_TOKEN);
    await page.getByText('admin token').waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.reload(); // nothing of the key is left
    await page.getByLabel('Admin token').waitFor();
  });

  test('a key opens the pages of its scopes, and is shown the door once it is revoked', async () => {
    const { id, key } = await makeKey('Anna', ['operate']);
    const page = await open('#/overview', {}, key);
    await page.getByRole('heading', { name: 'No problems' }).waitFor();
    await page.getByText('key Anna').waitFor();
    await send(system().url, 'DELETE', `/admin/keys/${id}`, undefined, asOperator);
    await page.getByText(/not valid any more|revoked or expired/).waitFor();
  });

  test('a key without a scope for any page is told so', async () => {
    const { key } = await makeKey('Shop', ['sell']);
    const page = await open('#/overview', {}, key);
    await page.getByText('This key opens none of these pages').waitFor();
    expect(await page.getByRole('navigation').getByRole('link').count()).toBe(0);
  });

  test('an address without a page says so', async () => {
    const page = await open('#/nothing');
    await page.getByRole('heading', { name: 'No such page' }).waitFor();
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByRole('heading', { name: 'No problems' }).waitFor();
  });
});
