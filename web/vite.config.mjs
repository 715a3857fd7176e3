import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { runnerImport } from 'vite';

const texts = join(import.meta.dirname, 'texts');

/** Writes each asset also compressed, so that the server compresses nothing. Every browser reads `br` or `gzip`. */
const compress = {
  name: 'compress',
  writeBundle({ dir }, bundle) {
    for (const name of Object.keys(bundle).filter((file) => file.startsWith('assets/'))) {
      const file = join(dir, name);
      writeFileSync(`${file}.br`, brotliCompressSync(readFileSync(file)));
      writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
    }
  },
};

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
  },
  plugins: [languages, compress],
};
