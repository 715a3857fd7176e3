import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

export type Encoding = 'br' | 'gzip' | 'identity';

/** The best encoding first. Every browser reads it. */
export const ENCODINGS: readonly Encoding[] = ['br', 'gzip', 'identity'];

/** A file in every encoding. */
export type Encoded = { type: string; bytesOf: (encoding: Encoding) => Buffer | Promise<Buffer> };

/** Brotli's quality: a page of 20 kB takes a millisecond, and is a tenth larger than at the highest. */
const BROTLI_QUALITY = 5;

const compressors = {
  br: (text: Buffer) =>
    promisify(brotliCompress)(text, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
  gzip: promisify<Buffer, Buffer>(gzip),
  identity: (text: Buffer) => Promise.resolve(text),
};

/** An HTML page. It is compressed once for all who ask for an encoding, when the first one does. */
export function encodedPage(html: string): Encoded {
  const text = Buffer.from(html);
  const made: Partial<Record<Encoding, Promise<Buffer>>> = {};
  return {
    type: 'text/html; charset=utf-8',
    bytesOf(encoding) {
      made[encoding] ??= compressors[encoding](text);
      return made[encoding];
    },
  };
}
