import { MAX_PROGRAMME_PAGES, type ProgrammePage } from '../../shared/contract/programme.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { Encoded } from '../http/encoded.ts';
import type { Language } from './build.ts';
import type { Documents } from './html.ts';
import type { MadePages } from './made-pages.ts';
import { plainShell, programmeShell } from './shells.ts';
import { within } from './within.ts';

/** Milliseconds for which a page of the programme is not read again, and that its first readers wait for it. */
const LIST_MS = 1_000;
const READ_MS = 1_000;

/** When a page of the programme was last read, that read, and the newest list that one has found. */
type List = { readAtMs: number; reading: Promise<void>; newest: ProgrammePage | undefined };

export type ProgrammeDeps = { events: Pick<EventStore, 'programme'>; log: Logger };

/** The pages of `/`, with their part of the programme: each is read once a second at most, for all languages. */
export function createProgrammePages({ events, log }: ProgrammeDeps, documents: Documents, made: MadePages) {
  /** By page: at most `MAX_PROGRAMME_PAGES`, of some kilobytes each. */
  const lists = new Map<number, List>();

  async function read(page: number, list: List): Promise<void> {
    try {
      list.newest = await events.programme(page);
    } catch (fault) {
      log.warn({ page, fault: (fault as Error).message }, 'reading the programme failed');
    }
  }

  /** A page of the programme as it was within the last second; an older one while PostgreSQL is slow or unavailable. */
  async function listOf(page: number): Promise<ProgrammePage | undefined> {
    const nowMs = performance.now();
    const neverRead = { readAtMs: Number.NEGATIVE_INFINITY, reading: Promise.resolve(), newest: undefined };
    const list: List = lists.get(page) ?? neverRead;
    lists.set(page, list);
    if (nowMs - list.readAtMs >= LIST_MS) {
      list.readAtMs = nowMs;
      list.reading = read(page, list);
    }
    await within(READ_MS, list.reading, undefined);
    return list.newest;
  }

  async function make(page: number, language: Language): Promise<string> {
    const list = await listOf(page);
    const { events: title, eventsAbout: about } = language.shell;
    const parts = { title, about, path: page === 1 ? '/' : `/?page=${page}` };
    if (list === undefined) return documents.page(language, { ...parts, app: plainShell(language) });
    return documents.page(language, { ...parts, app: programmeShell(language, list), opening: JSON.stringify(list) });
  }

  /** @returns `none` where there cannot be such a page; `unknown` where too many pages are being made */
  return async (page: number, language: Language): Promise<Encoded | 'none' | 'unknown'> => {
    if (page < 1 || page > MAX_PROGRAMME_PAGES) return 'none';
    return (await made.get(`list ${page} ${language.name}`, lists, LIST_MS, () => make(page, language))) ?? 'unknown';
  };
}
