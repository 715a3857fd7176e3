import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createHasher, sha256Words } from './sha256.ts';

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 255);

function expectedWords(...parts: Uint8Array[]): number[] {
  const expected = createHash('sha256').update(Buffer.concat(parts)).digest();
  return Array.from({ length: 8 }, (_, i) => expected.readUInt32BE(4 * i));
}

test('the words are those of SHA-256, whatever the length', () => {
  for (let length = 0; length < 200; length += 1) {
    const bytes = bytesOf(length);
    expect([...sha256Words(bytes)]).toEqual(expectedWords(bytes));
  }
});

test('the words after a prefix are those of both together, however long the prefix is', () => {
  for (let length = 0; length < 200; length += 1) {
    const prefix = bytesOf(length + 3).subarray(3); // a view of a larger buffer
    const wordsOf = createHasher(prefix);
    for (const rest of [bytesOf(0), bytesOf(1), bytesOf(32)])
      expect([...wordsOf(rest)]).toEqual(expectedWords(prefix, rest));
  }
});
