import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { projectRoot } from '../../shared/platform/root.ts';
import { cleanUp, dataFolder, launch } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

/** Bytes of the part for browsers as a page loads it (bundled, minified, compressed), and of what it loads later. */
const MAX_BYTES = { page: 8 * 1024, reckoning: 5 * 1024 };

const system = useSystem();
const inPackages = (path: string): string => join(projectRoot, 'node_modules', path);

let project: string;
beforeAll(() => {
  project = projectWithPackage();
});
afterAll(cleanUp);

/** Makes a project that has nothing but the package and its dependency, installed without a registry. */
function projectWithPackage(): string {
  const folder = dataFolder();
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'shop', private: true, type: 'module' }));
  const { version } = JSON.parse(readFileSync(join(projectRoot, 'client', 'package.json'), 'utf8'));
  const tarball = join(projectRoot, 'build', 'npm', `frontrow-client-${version}.tgz`);
  const flags = ['--offline', '--no-audit', '--no-fund'];
  execFileSync('npm', ['install', ...flags, inPackages('jose'), tarball], { cwd: folder });
  return folder;
}

/** Runs a script of a package in the project. @throws Error with its output where it fails */
async function runScript(script: string, ...args: string[]): Promise<string> {
  const { code, output } = await launch(process.execPath, [script, ...args], {}, project).ended;
  if (code !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${code}\n${output}`);
  return output;
}

/** Compiles files of the project, without skipping the declarations of the package. */
function compile(name: string, compilerOptions: object, files: readonly string[]): Promise<string> {
  const options = { strict: true, skipLibCheck: false, target: 'es2022', ...compilerOptions };
  writeFileSync(join(project, `${name}.json`), JSON.stringify({ compilerOptions: options, files }));
  return runScript(inPackages('typescript/bin/tsc'), '-p', `${name}.json`);
}

/** The files of the installed package, by their paths in it. */
function packageFiles(): Map<string, string> {
  const folder = join(project, 'node_modules', 'frontrow-client');
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = paths.filter((path) => statSync(join(folder, path)).isFile());
  return new Map(files.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

/** Writes the examples of the README. Each begins with the first one, or with the first one for a server. */
function writeExamples(): { all: string[]; forNode: string[] } {
  const readme = readFileSync(join(project, 'node_modules', 'frontrow-client', 'README.md'), 'utf8');
  const examples = readme.split(/^(?=## On a server$)/m).flatMap((part, of) => {
    const [first = '', ...others] = [...part.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = '']) => code);
    return [first, ...others.map((code) => first + code)].map((code, at) => {
      const file = of === 0 ? `example-${at}.ts` : `server-example-${at}.ts`;
      writeFileSync(join(project, file), code);
      return { file, isForNode: !code.includes('localStorage') };
    });
  });
  const forNode = examples.filter(({ isForNode }) => isForNode);
  return { all: examples.map(({ file }) => file), forNode: forNode.map(({ file }) => file) };
}

test('the examples of its README compile in an empty project, and the first one books on plain Node', async () => {
  const { all, forNode } = writeExamples();
  expect(all.length).toBeGreaterThan(5);
  const node = { types: ['node'], typeRoots: [inPackages('@types')], lib: ['es2022'] };
  await compile('node', { module: 'nodenext', outDir: 'out', exactOptionalPropertyTypes: true, ...node }, forNode);
  const browser = { types: [], lib: ['es2022', 'dom'] };
  await compile('browser', { module: 'esnext', moduleResolution: 'bundler', noEmit: true, ...browser }, all);

  const compiled = readFileSync(join(project, 'out', 'example-0.js'), 'utf8');
  expect(compiled).toContain("'https://tickets.example'");
  writeFileSync(join(project, 'book.js'), compiled.replace('https://tickets.example', system().url));
  expect(await runScript('book.js')).toMatch(/^Seats \d+-\d+-\d+, \d+-\d+-\d+ are held until 2\d{3}-/m);
});

test('its tarball has the bundles and their types, and mentions no path; its server part alone imports jose', () => {
  const files = packageFiles();
  const names = [...files.keys()];
  expect(names.filter((name) => !name.endsWith('.d.ts')).sort()).toEqual([
    'LICENSE',
    'README.md',
    'dist/index.js',
    'dist/reckoning.js',
    'dist/server.js',
    'dist/shared.js',
    'package.json',
  ]);
  for (const [name, text] of files) {
    const places = [projectRoot, tmpdir(), 'file://', 'zod'];
    expect([name, places.filter((place) => text.includes(place))]).toEqual([name, []]);
    if (name === 'README.md') continue;
    const imported = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g)].map(([, path = '']) => path);
    const outside = imported.filter((path) => {
      const target = join(dirname(name), name.endsWith('.d.ts') ? path.replace(/\.js$/, '.d.ts') : path);
      if (path === 'jose' && name === 'dist/server.js') return false;
      return !path.startsWith('.') || !files.has(target);
    });
    expect([name, outside]).toEqual([name, []]);
  }
});

test('the part for browsers has at most 8 KiB compressed, and visitors who wait load 5 KiB more', async () => {
  writeFileSync(join(project, 'page.js'), "export * from 'frontrow-client';\n");
  const flags = ['--platform', 'browser', '--format', 'esm', '--minify', '--dir', 'built'];
  await runScript(inPackages('rolldown/bin/cli.mjs'), 'page.js', ...flags);
  const built = join(project, 'built');
  const bytes = { page: 0, reckoning: 0 };
  for (const name of readdirSync(built)) {
    const part = name.startsWith('reckoning') ? 'reckoning' : 'page';
    bytes[part] += brotliCompressSync(readFileSync(join(built, name))).length;
  }
  expect(bytes.page).toBeGreaterThan(4_000);
  expect(bytes.page).toBeLessThanOrEqual(MAX_BYTES.page);
  expect(bytes.reckoning).toBeGreaterThan(1_000);
  expect(bytes.reckoning).toBeLessThanOrEqual(MAX_BYTES.reckoning);
});

/** Names of the types that a module exports. */
function exportedTypes(path: string): string[] {
  const exports = readFileSync(path, 'utf8').matchAll(/^export (?:type )?(?:\{([^}]*)\}|(\w+)|.*)/gm);
  return [...exports].flatMap(([statement, list, name]) => {
    if (name !== undefined) return name;
    if (list === undefined) throw new Error(`cannot read: ${statement}`);
    return list.split(',').flatMap((one) => /\w+(?=\s*$)/.exec(one) ?? []);
  });
}

test('its types are those of the schemas that the API parses with', async () => {
  const contract = join(projectRoot, 'client', 'src', 'contract.ts');
  const written = join(project, 'node_modules', 'frontrow-client', 'dist', 'contract.d.ts');
  const names = exportedTypes(contract);
  expect(names).toContain('TicketView');
  expect(exportedTypes(written).sort()).toEqual(names.sort());
  const code = [
    `import type * as contract from '${contract}';`,
    `import type * as written from '${written}';`,
    'type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;',
    'type Fields<T> = T extends object ? { [Name in keyof T]: T[Name] } : T;', // of `A & B` as of one type
    ...names.map((name) => `export const ${name}: Same<Fields<contract.${name}>, Fields<written.${name}>> = true;`),
  ];
  writeFileSync(join(project, 'types.ts'), code.join('\n'));
  const { compilerOptions } = JSON.parse(readFileSync(join(projectRoot, 'tsconfig.json'), 'utf8'));
  await compile('types', { ...compilerOptions, rootDir: '/', typeRoots: [inPackages('@types')] }, ['types.ts']);
});
