// `node scripts/build-client.mjs`: builds the package `frontrow-client` into client/dist, a bundle and declarations for
// each entry point, and packs it into build/npm/.
//
// The types of the API are made from zod schemas, which the package does not have. So the compiler writes them out: it
// declares a constant for each type that client/src/contract.ts exports, and infers its type. A copy of the sources
// with these types in place of contract.ts then gives the declarations of the package. The rules of the waiting room,
// which client/src/domain.ts takes from shared/domain, are bundled: no declaration of the package mentions them.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from 'rolldown';
import { parseSync } from 'rolldown/utils';
import { npmCommand } from './setup.mjs';

const root = join(import.meta.dirname, '..');
const client = join(root, 'client');
const sources = join(client, 'src');
const dist = join(client, 'dist');
const packed = join(root, 'build', 'npm');
const work = join(packed, 'work');

/** Node 20, and browsers from 2022 on. */
const TARGET = 'es2022';

/** Declarations of the parts that use the rules of the waiting room. No other declaration mentions them. */
const INSIDE = /(domain|line|reckoning)\.d\.ts$/;

/** Returns a type whose fields are named one by one: the compiler would write an alias such as `Omit` as it is. */
const OF = 'declare function of<Type>(): Type extends object ? { [Name in keyof Type]: Type[Name] } : Type;\n';

/** Compiles the modules of a folder to declarations. */
function declare(folder, options) {
  const emit = { noEmit: false, declaration: true, emitDeclarationOnly: true, target: TARGET };
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions: { ...emit, ...options }, include: ['.'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...config, exclude: [] }));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', folder], { stdio: 'inherit' });
}

/** The names of the types that a module exports. */
function typesOf(file) {
  const { program } = parseSync(file, readFileSync(file, 'utf8'));
  return program.body.flatMap(({ type, declaration, specifiers }) => {
    if (!type.startsWith('Export')) return [];
    if (type !== 'ExportNamedDeclaration') throw new Error(`${file}: name each type that is exported`);
    return declaration ? [declaration.id.name] : specifiers.map(({ exported }) => exported.name);
  });
}

/** Writes out the types of the API: of each its name, and a text without references to others. */
function writeOut() {
  const contract = join(sources, 'contract.ts');
  const names = typesOf(contract);
  const folder = join(work, 'contract');
  const out = join(work, 'out');
  mkdirSync(folder, { recursive: true });
  const constants = names.map((name) => `export const ${name} = of<contract.${name}>();\n`);
  writeFileSync(join(folder, 'types.ts'), `import type * as contract from '${contract}';\n${OF}${constants.join('')}`);
  declare(folder, { rootDir: root, outDir: out });
  const declared = readFileSync(join(out, relative(root, folder), 'types.d.ts'), 'utf8');
  const types = [...declared.matchAll(/^export declare const (\w+): ([\s\S]*?);\n(?=export |$)/gm)];
  if (types.length !== names.length || /\bimport\(|\bcontract\./.test(declared))
    throw new Error(`${contract} has a type that cannot be written out:\n${declared}`);
  return types.map(([, name, type]) => ({ name, type }));
}

/** Matches the text of a type at any indentation. */
const anywhere = (type) => new RegExp(type.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&').replace(/\n */g, '\n *'), 'g');

/** Declares types, each by the names of those that it contains. */
function declarations(types) {
  const longestFirst = types.toSorted((a, b) => b.type.length - a.type.length);
  const texts = longestFirst.map(({ name, type }, at) => {
    const parts = longestFirst.slice(at + 1).filter((part) => /[{|]/.test(part.type)); // not `string`
    const short = parts.reduce((text, part) => text.replace(anywhere(part.type), part.name), type);
    return `export type ${name} = ${short};\n`;
  });
  return texts.sort().join('\n');
}

/** Declares the package, with the extensions that its files have. */
function declarePackage() {
  const copy = join(work, 'client', 'src');
  const isSource = (path) => !path.endsWith('.test.ts');
  cpSync(sources, copy, { recursive: true, filter: isSource });
  for (const part of ['contract', 'domain'])
    cpSync(join(root, 'shared', part), join(work, 'shared', part), { recursive: true, filter: isSource });
  writeFileSync(join(copy, 'contract.ts'), declarations(writeOut()));
  const declared = join(work, 'declared');
  declare(copy, { rootDir: work, outDir: declared });
  cpSync(join(declared, 'client', 'src'), dist, { recursive: true, filter: (path) => !INSIDE.test(path) });
  for (const name of readdirSync(dist, { recursive: true })) {
    if (!name.endsWith('.d.ts')) continue;
    const text = readFileSync(join(dist, name), 'utf8');
    writeFileSync(join(dist, name), text.replace(/(["']\.{1,2}\/[\w./-]+)\.ts(?=["'])/g, '$1.js'));
  }
}

for (const folder of [work, dist]) rmSync(folder, { recursive: true, force: true });
declarePackage();
await build({
  input: { index: join(sources, 'index.ts'), server: join(sources, 'server.ts') },
  external: ['jose'], // of the part for servers: a dependency
  platform: 'neutral',
  transform: { target: TARGET },
  output: {
    dir: dist,
    format: 'esm',
    chunkFileNames: ({ isDynamicEntry }) => (isDynamicEntry ? '[name].js' : 'shared.js'),
  },
  logLevel: 'warn',
});
copyFileSync(join(root, 'LICENSE'), join(client, 'LICENSE'));
const [command, ...args] = npmCommand();
execFileSync(command, [...args, 'pack', client, '--pack-destination', packed, '--silent'], { stdio: 'inherit' });
rmSync(work, { recursive: true });
