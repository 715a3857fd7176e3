import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runnerImport } from 'vite';
import { compress } from './compress.mjs';

const texts = join(import.meta.dirname, 'texts');

/**
 * The client package, and the modules beside `main.tsx`: every page has them. The parts that reckoning.ts exports are
 * loaded by visitors who wait.
 */
const SHARED = /client\/src\/(?!domain|line|reckoning|solve)|web\/(?!main)[a-z-]+\.tsx?$/;

/**
 * Writes `languages.json` for the API, which makes the HTML: of each language of the catalogue, the chunk of its texts
 * (English is in the script) and the texts of its shell.
 */
const languages = {
  name: 'languages',
  async generateBundle(_options, bundle) {
    const found = {};
    for (const language of languagesOf(texts)) {
      const catalogue = join(texts, language, `${language}.ts`);
      const chunk = Object.values(bundle).find(({ facadeModuleId }) => facadeModuleId === catalogue);
      const { module } = await runnerImport(join(texts, language, 'shell.ts'));
      found[language] = { chunk: chunk && `/${chunk.fileName}`, shell: module.shell };
    }
    this.emitFile({ type: 'asset', fileName: 'languages.json', source: JSON.stringify(found) });
  },
};

/** The folders of the catalogue. English first: it is the language of browsers that ask for no other. */
const languagesOf = (folder) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort((a, b) => Number(b === 'en') - Number(a === 'en') || a.localeCompare(b));

export default {
  root: import.meta.dirname,
  build: {
    outDir: '../build/web',
    emptyOutDir: true,
    // The content policy of pages allows no data addresses, and browsers that need the polyfill are too old for the
    // pages.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // One chunk of them: several small ones compress worse.
    rolldownOptions: { output: { advancedChunks: { groups: [{ name: 'shared', test: SHARED }] } } },
  },
  plugins: [languages, compress((name) => name.startsWith('assets/'))],
};
