import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Booking } from '../../shared/contract/tickets.ts';
import type { ExportFormat } from './formats.ts';

/** Milliseconds in which a client has to receive a page of an export: a client that stopped reading is cut off. */
const MAX_PAGE_MS = 60_000;

type ExportOptions = {
  format: ExportFormat;
  /** Waits for the client: outside the turn of a read. */
  waitOutside: (wait: Promise<unknown>) => Promise<void>;
  maxPageMs?: number;
};

/**
 * Streams pages of bookings as fast as the client receives them: one page is in memory at a time. Once the client has
 * gone or is cut off, no more pages are read, and the reader of pages is ended.
 *
 * @throws a fault of `pages`; before the first page it can still be answered
 */
export async function streamExport(
  res: ServerResponse,
  pages: AsyncIterable<readonly Booking[]>,
  { format, waitOutside, maxPageMs = MAX_PAGE_MS }: ExportOptions,
): Promise<void> {
  const closed = once(res, 'close');
  let cutOff: NodeJS.Timeout | undefined;
  try {
    for await (const page of pages) {
      if (res.destroyed) return;
      if (!res.headersSent) res.writeHead(200, { 'content-type': format.type }).write(format.head);
      if (page.length === 0 || res.write(page.map(format.lineOf).join(''))) continue;
      cutOff = setTimeout(() => res.destroy(), maxPageMs);
      await waitOutside(Promise.race([once(res, 'drain'), closed]));
      clearTimeout(cutOff);
      if (res.destroyed) return;
    }
    if (!res.destroyed) res.end();
  } finally {
    clearTimeout(cutOff);
  }
}
