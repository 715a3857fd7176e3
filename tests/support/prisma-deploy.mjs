// `node prisma-deploy.mjs <database address>`: what Prisma's `migrate status` sees, then what its `migrate deploy`
// applies, as JSON. It is the engine of both commands in the form that npm carries; the commands themselves use a
// download that many machines cannot make. In a process of its own, for it does not run in Jest's.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';

const prisma = join(import.meta.dirname, '..', '..', 'prisma');
const baseDir = join(prisma, 'migrations');
const read = (...path) => readFileSync(join(...path), 'utf8');

globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => process.stderr.write(message) };
const home = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm'));
const { instance } = await WebAssembly.instantiate(readFileSync(join(home, 'schema_engine_bg.wasm')), {
  './schema_engine_bg.js': glue,
});
glue.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start();

const migrationsList = {
  baseDir,
  lockfile: { path: 'migration_lock.toml', content: read(baseDir, 'migration_lock.toml') },
  shadowDbInitScript: '',
  migrationDirectories: readdirSync(baseDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const content = { tag: 'ok', value: read(baseDir, name, 'migration.sql') };
      return { path: name, migrationFile: { path: 'migration.sql', content } };
    }),
};
const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString: process.argv[2] }));
const datamodels = [['schema.prisma', read(prisma, 'schema.prisma')]];
const engine = await glue.SchemaEngine.new({ datamodels }, () => undefined, adapter);
const filters = { externalTables: [], externalEnums: [] };
const status = await engine.diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters });
const { appliedMigrationNames: applied } = await engine.applyMigrations({ migrationsList, filters });
process.stdout.write(JSON.stringify({ status, applied }), () => process.exit(0)); // its pool of connections stays open
