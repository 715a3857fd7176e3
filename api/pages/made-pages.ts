import { type Encoded, encodedPage } from '../http/encoded.ts';

/** Pages in memory at most, and bytes of their HTML: compressed, they are a tenth of it. */
const MAX_PAGES = 400;
const MAX_BYTES = 32 * 1024 * 1024;

/** Pages that are made at once. More of them wait for nothing: they are sent as they are without what must be read. */
const MAX_MAKING = 16;

/** A page, and the object that it is made of. `untilMs`: when it is made again, by `performance.now()`. */
type Made = { source: unknown; untilMs: number; page: Promise<Encoded>; bytes: number };

/** Pages by key. One is made once for all who ask for it at the same time; the least recently used leave first. */
export function createMadePages() {
  const pages = new Map<string, Made>();
  let bytes = 0;
  let making = 0;

  function forget(key: string): void {
    bytes -= pages.get(key)?.bytes ?? 0;
    pages.delete(key);
  }

  function keep(key: string, made: Made, length: number): void {
    if (pages.get(key) !== made) return; // replaced meanwhile
    made.bytes = length;
    bytes += length;
    for (const oldest of pages.keys()) {
      if (pages.size <= MAX_PAGES && bytes <= MAX_BYTES) break;
      forget(oldest);
    }
  }

  return {
    /**
     * The page of a key. It is made again after `lastsMs`, and where its source has changed.
     *
     * @returns undefined where it would have to be made, and too many pages are being made
     */
    get(key: string, source: unknown, lastsMs: number, make: () => Promise<string>): Promise<Encoded> | undefined {
      const known = pages.get(key);
      if (known !== undefined && known.source === source && performance.now() < known.untilMs) {
        pages.delete(key); // moved to the end: the first is the least recently used
        pages.set(key, known);
        return known.page;
      }
      if (making >= MAX_MAKING) return undefined;
      forget(key);
      making += 1;
      const html = make().finally(() => {
        making -= 1;
      });
      const made: Made = { source, untilMs: performance.now() + lastsMs, page: html.then(encodedPage), bytes: 0 };
      pages.set(key, made);
      html.then(
        (text) => keep(key, made, text.length),
        () => pages.get(key) === made && forget(key),
      );
      return made.page;
    },
  };
}

export type MadePages = ReturnType<typeof createMadePages>;
