import { expect, test } from '@jest/globals';
import type { SeatCounts } from '../../shared/contract/events.ts';
import { buildHouse, type House } from '../../shared/domain/house.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import type { KnownLine } from '../waiting-room/line.ts';
import type { Language, Shell } from './build.ts';
import { createEventPages } from './event-pages.ts';
import { createDocuments } from './html.ts';
import { createMadePages } from './made-pages.ts';

const TEMPLATE = '<html lang="en"><!--head--><div id="app"><!--app--></div><!--opening-->';
const shell = new Proxy({ locale: 'en-GB' } as Shell, {
  get: (texts, name) => texts[name as 'locale'] ?? String(name),
});
const english: Language = { name: 'en', chunk: undefined, shell };
const german: Language = { name: 'de', chunk: '/assets/de.js', shell };

const settings = {
  onSaleAt: null,
  startsAt: new Date('2027-01-09T19:00:00Z'),
  endsAt: null,
  accessibleUntil: null,
  cancelledAt: null,
  salesPaused: false,
  holdSeconds: 600,
  maxHoldSeconds: 1_800,
  seatLimit: null,
  maxSeats: 5,
  avoidSingles: false,
  rings: null,
  timeZone: 'Europe/Berlin',
  venue: 'Opera',
};

function houseOf(name: string, zones = 1): House {
  const zone = { name: null, rows: 2, seatsPerRow: 5, price: 4_550, category: null, isArea: false, capacity: null };
  return buildHouse({
    ...settings,
    id: 7,
    name,
    generation: 1,
    currency: 'EUR',
    createdAt: new Date(0),
    categories: [],
    zones: Array.from({ length: zones }, (_, i) => ({ ...zone, number: i + 1, plan: null })),
  });
}

/** The pages of one event, whose house, reads and waiting room a test sets. */
function setUp(house: House | undefined) {
  const stage = {
    house,
    layouts: 0,
    counts: 0,
    layout: async () => stage.house,
    countsByZone: async () => new Map<number, SeatCounts>(),
    line: undefined as KnownLine | undefined,
  };
  const pageOf = createEventPages(
    {
      events: {
        layout: () => {
          stage.layouts += 1;
          return stage.layout();
        },
      },
      seats: {
        countsByZone: () => {
          stage.counts += 1;
          return stage.countsByZone();
        },
      },
      waitingRooms: { find: () => stage.line },
      log: createLogger({ LOG_LEVEL: 'silent' }, 'test'),
    },
    createDocuments({ template: TEMPLATE }),
    createMadePages(),
  );
  return {
    stage,
    async html(kind: 'event' | 'wait' = 'event', language = english): Promise<string> {
      const page = await pageOf(kind, 7, language);
      return typeof page === 'string' ? page : (await page.bytesOf('identity')).toString();
    },
  };
}

test('a page has its title, a description, the event, and what the browser is to fetch beside the script', async () => {
  const { html } = setUp(houseOf('Tom & </script><b>"Jerry"'));
  const page = await html('event', german);
  expect(page).toContain('<title>Tom &amp; &lt;/script&gt;&lt;b&gt;&quot;Jerry&quot; · Frontrow</title>');
  expect(page).toContain('content="Saturday, 9 January 2027 at 20:00 CET · Opera · €45.50"');
  expect(page).toContain('<html lang="de">');
  expect(page).toContain('<link rel="modulepreload" crossorigin href="/assets/de.js">');
  expect(page).toContain('<link rel="preload" as="fetch" crossorigin href="/api/seats/map?eventId=7">');
  const [, opening = ''] = /id="opening">(.*?)<\/script>/.exec(page) ?? [];
  expect(JSON.parse(opening)).toMatchObject({ id: 7, name: 'Tom & </script><b>"Jerry"', zones: [{ rows: 2 }] });
});

test('a crowd shares one read and one page, which is made again when the event changes', async () => {
  const { stage, html } = setUp(houseOf('First'));
  const pages = await Promise.all(Array.from({ length: 50 }, () => html()));
  expect(new Set(pages).size).toBe(1);
  expect([stage.layouts, stage.counts]).toEqual([1, 1]);
  stage.house = houseOf('Second');
  expect(await html()).toContain('<title>Second');
  expect(stage.counts).toBe(2);
});

test('a page without its counts has no event, and one of an unreadable event is left to its script', async () => {
  const { stage, html } = setUp(houseOf('Gala'));
  stage.countsByZone = () => Promise.reject(new Error('Redis is unavailable'));
  const page = await html();
  expect(page).toContain('<title>Gala');
  expect(page).not.toMatch(/id="opening"|as="fetch"/);
  stage.layout = () => Promise.reject(new Error('PostgreSQL is unavailable'));
  expect(await html()).toBe('unknown');
  stage.layout = () => new Promise(() => undefined);
  expect(await html()).toBe('unknown');
});

test('an event that does not exist has no page', async () => {
  expect(await setUp(undefined).html()).toBe('none');
});

test('where the waiting room is on, and in the waiting room, the page reads no seats and has no event', async () => {
  const { stage, html } = setUp(houseOf('Gala'));
  const crowded = [await html('wait')];
  stage.line = { settings: { mode: 'on' }, state: undefined } as KnownLine;
  crowded.push(await html('event'));
  for (const page of crowded) {
    expect(page).toContain('<title>Gala');
    expect(page).not.toMatch(/"zones"|as="fetch"/);
  }
  expect(stage.counts).toBe(0);
});

test('a house of 2,000 zones is in its page, and one whose names are too long is not', async () => {
  expect(await setUp(houseOf('Large', 2_000)).html()).toContain('id="opening"');
  const large = houseOf('Large', 2_000);
  const zones = large.zones.map((zone) => ({ ...zone, name: 'x'.repeat(200) }));
  const { html } = setUp({ ...large, zones });
  expect(await html()).not.toContain('id="opening"');
});
