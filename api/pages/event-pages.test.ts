import { expect, test } from '@jest/globals';
import type { SeatCounts } from '../../shared/contract/events.ts';
import { buildHouse, type House } from '../../shared/domain/house.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import type { KnownLine } from '../waiting-room/line.ts';
import type { Language, Shell } from './build.ts';
import { createEventPages } from './event-pages.ts';
import { createDocuments } from './html.ts';
import { createMadePages } from './made-pages.ts';
import type { PageLook } from './room-looks.ts';

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
    look: undefined as PageLook | undefined,
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
    {
      documents: createDocuments({ template: TEMPLATE }),
      made: createMadePages(),
      looks: { find: async () => stage.look },
      languages: [english, german],
    },
  );
  return {
    stage,
    async html(kind: 'event' | 'wait' = 'event', language = english, accepted = [language.name]): Promise<string> {
      const found = await pageOf(kind, 7, { language, accepted });
      return typeof found === 'string' ? found : (await found.page.bytesOf('identity')).toString();
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

/** The JSON that a page has for its script. */
const openingOf = (page: string) => JSON.parse(/id="opening">(.*?)<\/script>/.exec(page)?.[1] ?? 'null');

test('a waiting page has the name, the logo, the style and the sites of its site', async () => {
  const { stage, html } = setUp(houseOf('Gala'));
  const look = { title: 'A & "B"', logo: 'https://shop.example/l.svg?a=1&b=2' };
  const sites = ['https://shop.example'];
  stage.look = { tag: '1', look, sites, style: ':root{--paper:#fff}', allowed: {} };
  const page = await html('wait');
  expect(page).toContain('<title>Gala · A &amp; &quot;B&quot;</title>');
  expect(page).toContain('og:site_name" content="A &amp; &quot;B&quot;"');
  expect(page).toContain('<img class="logo" src="https://shop.example/l.svg?a=1&amp;b=2" alt="A &amp; &quot;B&quot;">');
  expect(page).toContain('<style>:root{--paper:#fff}</style>');
  expect(page).not.toMatch(/Frontrow|href="\/"/);
  expect(openingOf(page)).toMatchObject({ name: 'Gala', ...look, sites });
  expect(await html('event')).toContain('Frontrow'); // only the waiting page has it
  stage.look = undefined;
  expect(openingOf(await html('wait'))).not.toHaveProperty('hasSeats');
  expect(await html('wait')).toMatch(/Gala · Frontrow.*<a class="wordmark"/s);
  expect(openingOf(await html('wait'))).not.toHaveProperty('sites');
});

test('a waiting page is in a language of its site, and its own text in the one that suits the visitor', async () => {
  const { stage, html } = setUp(houseOf('Gala'));
  const lookOf = (look: PageLook['look']): PageLook => ({ tag: JSON.stringify(look), look, sites: [], allowed: {} });
  const text = { de: 'Hallo', en: 'Hello', fr: 'Bonjour' };
  const read = async (accepted: string[], language: Language) => {
    const page = await html('wait', language, accepted);
    return [/<html lang="(\w+)"/.exec(page)?.[1], openingOf(page).ownText];
  };
  stage.look = lookOf({ text });
  expect(await read(['fr-CA', 'de'], german)).toEqual(['de', { lang: 'fr', text: 'Bonjour' }]);
  expect(await read(['ja'], english)).toEqual(['en', { lang: 'en', text: 'Hello' }]);
  stage.look = lookOf({ text, languages: ['de'] });
  expect(await read(['en'], english)).toEqual(['de', { lang: 'en', text: 'Hello' }]);
  stage.look = lookOf({ text: { it: 'Ciao', de: 'Hallo' }, languages: ['de', 'en'] });
  expect(await read(['en'], english)).toEqual(['en', { lang: 'de', text: 'Hallo' }]);
  expect(await read(['ja'], english)).toEqual(['de', { lang: 'de', text: 'Hallo' }]);
  stage.look = lookOf({ text: { it: 'Ciao' } });
  expect(await read(['en'], english)).toEqual(['en', { lang: 'it', text: 'Ciao' }]);
});

test('a house of 2,000 zones is in its page, and one whose names are too long is not', async () => {
  expect(await setUp(houseOf('Large', 2_000)).html()).toContain('id="opening"');
  const large = houseOf('Large', 2_000);
  const zones = large.zones.map((zone) => ({ ...zone, name: 'x'.repeat(200) }));
  const { html } = setUp({ ...large, zones });
  expect(await html()).not.toContain('id="opening"');
});
