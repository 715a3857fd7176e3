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

export type ProgrammeDeps = { events: Pick<EventStore, 'programme'>; log: Logger };

/** The pages of `/`, with their part of the programme: each is read once a second at most, for all languages. */
export function createProgrammePages({ events, log }: ProgrammeDeps, documents: Documents, made: MadePages) {
  /** At most `MAX_PROGRAMME_PAGES`, of some kilobytes each. */
  const lists = new Map<number, { readAtMs: number; list: Promise<ProgrammePage | undefined> }>();

  /** A page of the programme as it was within the last second; an older one while PostgreSQL is unavailable. */
  function listOf(page: number): Promise<ProgrammePage | undefined> {
    const known = lists.get(page);
    const nowMs = performance.now();
    if (known !== undefined && nowMs - known.readAtMs < LIST_MS) return known.list;
    const list = events.programme(page).catch((fault: Error) => {
      log.warn({ fault: fault.message }, 'reading the programme failed');
      return known?.list;
    });
    lists.set(page, { readAtMs: nowMs, list });
    return list;
  }

  async function make(page: number, language: Language): Promise<string> {
    const list = await within(READ_MS, listOf(page), undefined);
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
