import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** Writes each file also compressed, so that the server compresses nothing. Every browser reads `br` or `gzip`. */
const compress = {
  name: 'compress',
  writeBundle({ dir }, bundle) {
    for (const name of Object.keys(bundle)) {
      const file = join(dir, name);
      writeFileSync(`${file}.br`, brotliCompressSync(readFileSync(file)));
      writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
    }
  },
};

export default {
  root: import.meta.dirname,
  build: {
    outDir: '../build/web',
    emptyOutDir: true,
    // The content policy of pages allows no data addresses, and browsers that need the polyfill are too old for the
    // pages.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  plugins: [compress],
};
