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
    // For older browsers, `light-dark()` would be replaced by rules that ignore a site's `color-scheme`.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    rolldownOptions: {
      input: join(import.meta.dirname, 'main.ts'),
      output: { entryFileNames: 'embed.js', chunkFileNames: 'embed/[name]-[hash].js' },
    },
  },
  plugins: [compress((name) => name.endsWith('.js'))],
};
