import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { UsageError } from '../../kit/command.ts';
import { parsedJson } from '../../kit/hammer.ts';
import { saleFigures } from '../bench/sale/figures.ts';

const benchReport = z.object({ machine: z.string(), sale: saleFigures });

/** @throws UsageError where the file is no report of a bench */
export function readBench(file: string): z.infer<typeof benchReport> {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (fault) {
    throw new UsageError(`--bench: ${(fault as Error).message}`);
  }
  const report = parsedJson(content);
  if (report === undefined) throw new UsageError(`--bench: ${file} is no JSON`);
  const parsed = benchReport.safeParse(report);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError(
    `--bench: ${file} is no report of \`npm run bench -- --only frontrow --json FILE\` ` +
      `(${issue?.path.join('.') || 'the whole'}: ${issue?.message})`,
  );
}
