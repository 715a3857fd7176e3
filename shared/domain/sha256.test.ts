import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { sha256Words } from './sha256.ts';

test('the words are those of SHA-256, whatever the length', () => {
  for (let length = 0; length < 200; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 255);
    const expected = createHash('sha256').update(bytes).digest();
    const words = Array.from({ length: 8 }, (_, i) => expected.readUInt32BE(4 * i));
    expect([...sha256Words(bytes)]).toEqual(words);
  }
});
