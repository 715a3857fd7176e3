import { beforeAll, expect, test } from '@jest/globals';
import { describeInBrowser, expectReadable } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { bearer, useLogins } from '../support/logins.ts';
import { newEvent, setRoom } from '../support/visitors.ts';

/** The answer to a visitor who stands in line. */
const IN_LINE = {
  status: 'waiting',
  message: 'Wait.',
  position: 5_310,
  ahead: 5_309,
  askAgainSeconds: 60,
  visitorToken: 'a-token',
};

const { system, tokens, post, get, hold } = useLogins();
let [anna, ben] = ['', ''];
beforeAll(() => {
  ({ anna, ben } = tokens);
});

describeInBrowser('the event page', (browser) => {
  test('asks a buyer to log in, and continues after the log-in', async () => {
    const page = await browser().newPage({ reducedMotion: 'reduce' });
    await page.goto(`${system().url}/events/1`);
    await page.getByRole('button', { name: 'Hold the best 2' }).click();
    await page.getByRole('button', { name: 'Not now' }).click();
    await page.getByRole('button', { name: 'Hold the best 2' }).click();
    const logIn = async (password: string) => {
      await page.getByLabel('E-mail').fill('user2@example.com');
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Log in' }).click();
    };
    await logIn("anna's");
    await page.getByText('Wrong e-mail or password.').waitFor();
    await expectReadable(page);
    await logIn("ben's own");
    await page.getByRole('heading', { name: 'Your order' }).waitFor();
    // An ended session cannot buy its hold.
    await page.evaluate("localStorage.setItem('frontrow:session', JSON.stringify({ token: 'ended' }))");
    await page.reload();
    await page.getByRole('button', { name: 'Not now' }).click();
    await page.getByRole('button', { name: 'Hold the best 2' }).click();
    await logIn("ben's own");
    await page.getByRole('button', { name: /^Pay / }).click();
    await page.getByRole('heading', { name: 'Your seats are booked' }).waitFor();
    // The next person at this computer finds nothing of the session.
    await page.getByText('Logged in as User 2').waitFor();
    await expectReadable(page);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Best seats together' }).waitFor();
    expect(await page.evaluate('Object.keys(localStorage)')).toEqual([]);
    await page.close();
  });

  test('shows a buyer what they hold and have bought on another device, to go on with or to release', async () => {
    const sold = await hold(ben, { seats: ['1-1-1'] });
    await post(`/api/bookings/${sold.body.id}/confirm`, {}, ben);
    const { body: first } = await hold(ben, { seats: ['1-1-3', '1-1-4'] });
    const { body: second } = await hold(ben, { seats: ['1-2-1'] });
    await hold(anna, { seats: ['1-2-9'] });
    const page = await browser().newPage({ reducedMotion: 'reduce' });
    const card = (name: string) => page.getByRole('region', { name });
    const heldSeats = (text: string) => card('Your other holds').getByRole('button', { name: text });
    await page.goto(`${system().url}/events/1`);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Log in to see your bookings' }).waitFor();
    await page.getByLabel('E-mail').fill('user2@example.com');
    await page.getByLabel('Password').fill("ben's own");
    await page.getByRole('button', { name: 'Log in' }).click();
    const booking = card('Your bookings').getByRole('link', { name: 'Zone 1, row 1, seat 1' });
    expect(await booking.getAttribute('href')).toBe(`/bookings/${sold.body.id}`);
    expect(await card('Your other holds').getByRole('button').count()).toBe(2); // none of Anna's
    await expectReadable(page);

    await heldSeats('Zone 1, row 1, seats 3–4').click();
    await page.getByRole('heading', { name: 'Your order' }).waitFor();
    await heldSeats('Zone 1, row 1, seats 3–4').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Release seats' }).click();
    await page.locator('.notice').getByText('You have released the seats.').waitFor();
    expect((await get(`/api/bookings/${first.id}`, ben)).body.status).toBe('CANCELLED');

    // The other device releases the last one: this page knows once it is looked at again.
    await send(system().url, 'DELETE', `/api/bookings/${second.id}`, {}, bearer(ben));
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await heldSeats('Zone 1, row 2, seat 1').waitFor({ state: 'detached' });
    await page.close();
  });

  test('a buyer in front of a waiting room sees their bookings, and still waits for other seats', async () => {
    const { body: held } = await hold(ben, { seats: ['1-1-5'] });
    await setRoom(system().url, { mode: 'on' }, 1);
    const page = await browser().newPage({ reducedMotion: 'reduce' });
    // The line moves once a second: the visitor goes before their turn has come.
    await page.route('**/waiting-room', (route) => route.fulfill({ json: IN_LINE }));
    await page.goto(`${system().url}/events/1/wait`);
    await page.getByRole('link', { name: 'See what you have booked' }).click();
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByLabel('E-mail').fill('user2@example.com');
    await page.getByLabel('Password').fill("ben's own");
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Zone 1, row 1, seat 5' }).click();
    await page.getByRole('button', { name: 'Release seats' }).click();
    await page.locator('.notice').getByText('You have released the seats.').waitFor();
    expect((await get(`/api/bookings/${held.id}`, ben)).body.status).toBe('CANCELLED');
    await page.getByRole('button', { name: 'Hold the best 2' }).click();
    await page.waitForURL('**/events/1/wait');
    await setRoom(system().url, { mode: 'off' }, 1);
    await page.close();
  });

  test('continues in every tab after a log-in in one, and in front of a waiting room that requires it', async () => {
    const context = await browser().newContext({ reducedMotion: 'reduce' });
    const [page, other] = [await context.newPage(), await context.newPage()];
    const logIn = async () => {
      await page.getByLabel('E-mail').fill('user2@example.com');
      await page.getByLabel('Password').fill("ben's own");
      await page.getByRole('button', { name: 'Log in' }).click();
    };
    await page.goto(`${system().url}/events/1`);
    await page.getByRole('button', { name: 'Hold the best 2' }).click();
    await page.getByRole('heading', { name: 'Log in to hold seats' }).waitFor();
    await other.goto(`${system().url}/events/1`);
    await other.getByRole('heading', { name: 'Log in to hold seats' }).waitFor();
    await logIn();
    for (const tab of [page, other]) await tab.getByRole('heading', { name: 'Your order' }).waitFor();
    await other.close();
    await page.getByRole('button', { name: 'Release seats' }).click();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Best seats together' }).waitFor();

    const event = await newEvent(system().url);
    await setRoom(system().url, { mode: 'on', requireLogin: true }, event);
    await page.goto(`${system().url}/events/${event}`);
    await page.getByRole('heading', { name: 'Log in to stand in line' }).waitFor();
    await expectReadable(page);
    await logIn();
    await page.getByRole('link', { name: 'Choose your seats' }).click();
    await page.getByRole('button', { name: 'Hold the best 2' }).click();
    await page.getByRole('heading', { name: 'Your order' }).waitFor();
    await page.getByRole('button', { name: 'Release seats' }).click();
    await page.locator('.notice').getByText('You have released the seats.').waitFor();
    await context.close();
  });
});
