import { afterEach, expect, test } from '@jest/globals';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { describeInBrowser, expectReadable, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';
import { setRoom } from '../support/visitors.ts';

const system = useSystem();

const TOSCA = {
  name: 'Tosca',
  venue: 'Old Opera',
  startsAt: '2099-12-31T18:00:00Z',
  timeZone: 'Europe/Berlin',
  zones: [{ rows: 2, seatsPerRow: 10, price: 5_000 }],
};
const SCREENS = { desk: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };

/** Records the tones and notifications of a page, and the questions for permission. */
const RECORD = (permission: 'granted' | 'denied') => `
  globalThis.given = { asked: 0, tones: 0, notifications: [] };
  const { start } = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (when) { given.tones += 1; return start.call(this, when); };
  globalThis.Notification = class {
    static permission = 'default';
    static async requestPermission() { given.asked += 1; return (this.permission = '${permission}'); }
    constructor(title, { body }) { given.notifications.push([title, body]); }
  };
  Object.defineProperty(document, 'hidden', { get: () => globalThis.isAway === true });`;

describeInBrowser('a visitor’s turn', (browser) => {
  const errors: string[] = [];
  let page: Page;

  /** Opens the waiting room of a new event, which admits nobody yet. */
  async function wait(options: BrowserContextOptions, permission: 'granted' | 'denied'): Promise<number> {
    const { body } = await send(system().url, 'POST', '/api/events', TOSCA);
    const eventId = Number(body.id);
    await setRoom(system().url, { mode: 'on', paused: true }, eventId);
    ({ page } = await openWatched(browser(), errors, options));
    await page.clock.install();
    await page.addInitScript(RECORD(permission));
    await page.goto(`${system().url}/events/${eventId}/wait`);
    await page.getByRole('heading', { name: 'You are in line' }).waitFor();
    return eventId;
  }
  const admit = async (eventId: number) => {
    await setRoom(system().url, { paused: false }, eventId);
    const heading = page.getByRole('heading', { name: 'It is your turn' });
    await until(async () => {
      await page.clock.runFor(2_000); // the page polls without waiting for its next poll
      return heading.isVisible();
    }, 30_000);
  };
  const given = () => page.evaluate<{ asked: number; tones: number; notifications: string[][] }>('given');

  afterEach(async () => {
    await page.context().close();
    expect(errors.splice(0)).toEqual([]);
  });

  test.each(Object.entries(SCREENS))('the room names the event, its date and venue, on a %s', async (_, viewport) => {
    const eventId = await wait({ viewport }, 'granted');
    const named = async () => {
      await page.getByText('Tosca', { exact: true }).waitFor();
      await page.getByText('Thursday, 31 December 2099 at 19:00 CET').waitFor();
      await page.getByText('Old Opera', { exact: true }).waitFor();
      await expectReadable(page);
    };
    await named();
    await admit(eventId);
    await named();
  });

  test('nothing is asked or played unless the visitor wishes so', async () => {
    const eventId = await wait({}, 'granted');
    await page.evaluate('isAway = true');
    await admit(eventId);
    expect(await given()).toEqual({ asked: 0, tones: 0, notifications: [] });
  });

  test('a visitor who wishes so hears a sound and, while away, sees a notification that names the event', async () => {
    const eventId = await wait({}, 'granted');
    await page.getByLabel('Play a sound and show a notification when it is my turn').check();
    await page.getByText('You will hear a sound, and see a notification').waitFor();
    await expectReadable(page);
    await page.evaluate('isAway = true');
    await admit(eventId);
    expect(await given()).toEqual({ asked: 1, tones: 3, notifications: [['It is your turn', 'Tosca']] });
  });

  test('without permission for notifications there is a sound, and the page says so', async () => {
    const eventId = await wait({ viewport: SCREENS.phone }, 'denied');
    await page.getByLabel('Play a sound and show a notification when it is my turn').check();
    await page.getByText('You will hear a sound. This browser shows no notifications').waitFor();
    await page.evaluate('isAway = true');
    await admit(eventId);
    expect(await given()).toEqual({ asked: 1, tones: 3, notifications: [] });
  });
});
