import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { PAGE_LANGUAGES } from '../../shared/contract/look.ts';
import { projectRoot } from '../../shared/platform/root.ts';
import { bestLanguage } from './languages.ts';

test.each([
  [['fr-CA', 'de'], ['en', 'de'], 'de'],
  [['de-AT', 'en'], ['en', 'de'], 'de'],
  [['de', 'en'], ['en', 'de-AT'], 'de-AT'],
  [['zh-Hant-TW', 'en'], ['en', 'zh-Hans', 'zh-Hant'], 'zh-Hant'],
  [['PT-br'], ['pt', 'pt-BR'], 'pt-BR'],
  [['den'], ['de'], undefined],
  [['*'], ['en'], undefined],
  [[], ['en'], undefined],
])('%j of %j is %s', (accepted, offered, best) => expect(bestLanguage(accepted, offered)).toBe(best));

test('the languages that a site may choose for its page are those of the catalogue', () => {
  const entries = readdirSync(join(projectRoot, 'web', 'texts'), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  expect(folders.sort()).toEqual([...PAGE_LANGUAGES].sort());
});
