// SHA-256 (FIPS 180-4) that runs anywhere: pages without TLS have no WebCrypto, whose calls are asynchronous besides,
// and slow where each attempt at a challenge makes one.

// biome-ignore format: a table
const ROUND_CONSTANTS = new Int32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

// biome-ignore format: a table
const INITIAL_STATE = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

const BLOCK_BYTES = 64;

const schedule = new Int32Array(64);

const rotated = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

/** Adds the block of 64 bytes at an offset to a state of 8 words. */
function compress(state: Int32Array, bytes: DataView, offset: number): void {
  for (let i = 0; i < 16; i += 1) schedule[i] = bytes.getInt32(offset + 4 * i);
  for (let i = 16; i < 64; i += 1) {
    const [x, y] = [schedule[i - 15] as number, schedule[i - 2] as number];
    const small0 = rotated(x, 7) ^ rotated(x, 18) ^ (x >>> 3);
    const small1 = rotated(y, 17) ^ rotated(y, 19) ^ (y >>> 10);
    schedule[i] = (schedule[i - 16] as number) + small0 + (schedule[i - 7] as number) + small1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < 64; i += 1) {
    const big1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const t1 = (h + big1 + ((e & f) ^ (~e & g)) + (ROUND_CONSTANTS[i] as number) + (schedule[i] as number)) | 0;
    const big0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const t2 = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  const sums = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i += 1) state[i] = (state[i] as number) + (sums[i] as number);
}

/**
 * Returns a function for the eight words of the SHA-256 of `prefix` and some more bytes, at most 512 MiB. It hashes the
 * whole blocks of `prefix` once.
 */
export function createHasher(prefix: Uint8Array): (rest: Uint8Array) => Uint32Array {
  const hashedBytes = prefix.length - (prefix.length % BLOCK_BYTES);
  const prefixState = new Int32Array(INITIAL_STATE);
  const prefixView = new DataView(prefix.buffer, prefix.byteOffset, prefix.length);
  for (let at = 0; at < hashedBytes; at += BLOCK_BYTES) compress(prefixState, prefixView, at);
  const tail = prefix.subarray(hashedBytes);

  return function wordsOf(rest) {
    const length = tail.length + rest.length;
    const padded = new Uint8Array(Math.ceil((length + 9) / BLOCK_BYTES) * BLOCK_BYTES);
    padded.set(tail);
    padded.set(rest, tail.length);
    padded[length] = 0x80;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 4, (hashedBytes + length) * 8);
    const state = new Int32Array(prefixState);
    for (let at = 0; at < padded.length; at += BLOCK_BYTES) compress(state, view, at);
    return new Uint32Array(state);
  };
}

const NOTHING = new Uint8Array();

/** The eight words of the SHA-256 of some bytes, at most 512 MiB. */
export const sha256Words = (bytes: Uint8Array): Uint32Array => createHasher(NOTHING)(bytes);
