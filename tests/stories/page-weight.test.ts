import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { projectRoot } from '../../shared/platform/root.ts';

/** Bytes of a buyer's page without its HTML, as browsers get them. At 50 kB/s it is more than a second. */
const MAX_BYTES = 60 * 1024;

const built = join(projectRoot, 'build', 'web');
const compressedBytes = (path: string): number => statSync(`${join(built, path)}.br`).size;

test('a buyer’s page weighs at most 60 KiB compressed: script, shared parts, style and one language', () => {
  const html = readFileSync(join(built, 'index.html'), 'utf8');
  const loaded = [...html.matchAll(/(?:href|src)="(\/assets\/[^"]+\.(?:js|css))"/g)].map(([, path = '']) => path);
  expect(loaded.some((path) => path.endsWith('.js')) && loaded.some((path) => path.endsWith('.css'))).toBe(true);
  const languages: Record<string, { chunk?: string }> = JSON.parse(readFileSync(join(built, 'languages.json'), 'utf8'));
  const chunks = Object.values(languages).flatMap(({ chunk }) => (chunk === undefined ? [] : [chunk]));
  expect(chunks.length).toBeGreaterThan(0);
  const largest = Math.max(...chunks.map(compressedBytes));
  const bytes = loaded.reduce((sum, path) => sum + compressedBytes(path), largest);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
});
