import { expect, jest, test } from '@jest/globals';
import type { ProgrammePage } from '../../shared/contract/programme.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import type { Language, Shell } from './build.ts';
import { createDocuments } from './html.ts';
import { createMadePages } from './made-pages.ts';
import { createProgrammePages } from './programme-pages.ts';

const TEMPLATE = '<html lang="en"><!--head--><div id="app"><!--app--></div><!--opening-->';
const shell = new Proxy({ locale: 'en-GB' } as Shell, {
  get: (texts, name) => texts[name as 'locale'] ?? String(name),
});
const languages: Language[] = ['en', 'de'].map((name) => ({ name, chunk: undefined, shell }));

function setUp(programme: (page: number) => Promise<ProgrammePage>) {
  const log = createLogger({ LOG_LEVEL: 'silent' }, 'test');
  const pageOf = createProgrammePages(
    { events: { programme }, log },
    createDocuments({ template: TEMPLATE }),
    createMadePages(),
  );
  return async (page = 1, language = languages[0] as Language): Promise<string> => {
    const made = await pageOf(page, language);
    return typeof made === 'string' ? made : (await made.bytesOf('identity')).toString();
  };
}

test('a crowd of both languages costs one read', async () => {
  let reads = 0;
  const html = setUp(async (page) => {
    reads += 1;
    return { events: [], page, hasMore: false };
  });
  await Promise.all(Array.from({ length: 100 }, (_, i) => html(1, languages[i % 2])));
  expect(reads).toBe(1);
});

test('a list that cannot be read is left out, and a page that cannot be is none', async () => {
  const html = setUp(() => Promise.reject(new Error('PostgreSQL is unavailable')));
  expect(await html()).toContain('<title>events · Frontrow</title>');
  expect(await html()).not.toContain('id="opening"');
  expect([await html(0), await html(201)]).toEqual(['none', 'none']);
});

test('while PostgreSQL does not answer, or refuses, a page has the list that was read before', async () => {
  jest.useFakeTimers();
  try {
    let read = async (page: number): Promise<ProgrammePage> => ({ events: [], page, hasMore: true });
    const html = setUp((page) => read(page));
    expect(await html()).toContain('"hasMore":true');
    for (const fault of [new Promise<never>(() => undefined), Promise.reject(new Error('PostgreSQL is unavailable'))]) {
      read = () => fault;
      await jest.advanceTimersByTimeAsync(1_000);
      const page = html();
      await jest.advanceTimersByTimeAsync(1_000);
      expect(await page).toContain('"hasMore":true');
    }
  } finally {
    jest.useRealTimers();
  }
});
