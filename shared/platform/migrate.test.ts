import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { ownDatabase } from '../../tests/support/system.ts';
import { migrate } from './migrate.ts';
import { projectRoot } from './root.ts';

const names = readdirSync(join(projectRoot, 'prisma', 'migrations')).filter((name) => !name.includes('.'));

/** Prisma's own `migrate status` and `migrate deploy`. */
async function deployByPrisma(url: string): Promise<{ status: object; applied: string[] }> {
  const script = join(projectRoot, 'tests', 'support', 'prisma-deploy.mjs');
  return JSON.parse((await promisify(execFile)(process.execPath, [script, url])).stdout);
}

test("after our migrations Prisma's own deploy finds nothing changed and nothing to do", async () => {
  const url = await ownDatabase();
  expect(await migrate(url)).toEqual(names);
  const status = { hasMigrationsTable: true, history: null, editedMigrationNames: [], failedMigrationNames: [] };
  expect(await deployByPrisma(url)).toEqual({ status, applied: [] });
});

test("after Prisma's own deploy we have nothing to do", async () => {
  const url = await ownDatabase();
  expect((await deployByPrisma(url)).applied).toEqual(names);
  expect(await migrate(url)).toEqual([]);
});
