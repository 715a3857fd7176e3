import { join } from 'node:path';
import { compress } from '../compress.mjs';

/** Builds `/embed.js`, which has one address for ever, and the parts that it loads from beside it. */
export default {
  root: import.meta.dirname,
  base: './', // parts are found by the address of the script: the pages that load it are of other sites
  build: {
    outDir: '../../build/embed',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: join(import.meta.dirname, 'main.ts'),
      output: { entryFileNames: 'embed.js', chunkFileNames: 'embed/[name]-[hash].js' },
    },
  },
  plugins: [compress((name) => name.endsWith('.js'))],
};
