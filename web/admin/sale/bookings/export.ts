import { errorOf } from '../../../../client/src/error.ts';
import { storedAdminToken } from '../../../stored-values.ts';

export type ExportFormat = 'csv' | 'ndjson';

const TYPES: Record<ExportFormat, string> = { csv: 'text/csv', ndjson: 'application/x-ndjson' };

/** Bytes of an export that a browser keeps until it is whole: some 500,000 bookings. */
export const MAX_EXPORT_BYTES = 256 * 1024 * 1024;

/** The export has more bytes than a browser is asked to keep. */
export class ExportTooLarge extends Error {}

/**
 * Downloads all bookings of a search as one file, which is kept in memory until it is whole.
 *
 * @param received is called with the bytes that have come
 * @throws FrontrowError; ExportTooLarge; another error where the connection ended before the file did
 */
export async function downloadBookings(
  query: URLSearchParams,
  format: ExportFormat,
  signal: AbortSignal,
  received: (bytes: number) => void,
): Promise<Blob> {
  const headers = new Headers({ accept: TYPES[format] });
  const key = storedAdminToken().read();
  if (key !== undefined) headers.set('authorization', `Bearer ${key}`);
  const response = await fetch(`/api/bookings?${query}`, { headers, cache: 'no-store', signal });
  if (!response.ok) throw errorOf(response, await response.json());
  if (response.body === null) throw new Error('the answer has no body');
  return new Blob(await collect(response.body.getReader(), received), { type: TYPES[format] });
}

/** The parts of a file, up to the bound. */
export async function collect(
  reader: Pick<ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>, 'read' | 'cancel'>,
  received: (bytes: number) => void,
  maxBytes = MAX_EXPORT_BYTES,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let bytes = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return parts;
    bytes += value.length;
    if (bytes > maxBytes) {
      await reader.cancel();
      throw new ExportTooLarge();
    }
    parts.push(value);
    received(bytes);
  }
}

/** Gives a file to the browser's downloads. */
export function saveFile(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = Object.assign(document.createElement('a'), { href: address, download: name });
  link.click();
  // The browser has taken the file over once its download has begun.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
