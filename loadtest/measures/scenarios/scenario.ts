import { parseArgs } from 'node:util';
import { ConfigError } from '../../../shared/platform/config-error.ts';
import { createLogger } from '../../../shared/platform/logger.ts';
import { exitOnStartFault } from '../../../shared/platform/shutdown.ts';
import { openSystem } from '../../kit/herd-verdict.ts';
import { findTarget, type Target } from '../../kit/target.ts';

/** A number that a scenario may be given: what it is, what it is by itself, and its bounds. */
export type Setting = { about: string; fallback: number; min: number; max: number };

/** What a scenario found. It passes where every check holds. */
export type Report = { figures: [name: string, value: string | number][]; checks: [what: string, holds: boolean][] };

const URL_HELP = `  --url URL         the API's address, once for each API (default: what runs on DATA_DIR)
                    PostgreSQL and Redis are those that run on DATA_DIR, else DATABASE_URL and REDIS_URL
  --help`;

/**
 * Runs a scenario as a command: reads its settings, says what it finds, and ends with 1 where a check does not hold.
 *
 * @param play is given the settings and a place for words on progress
 */
export async function runScenario<Name extends string>(scenario: {
  name: string;
  about: string;
  settings: Record<Name, Setting>;
  play: (target: Target, settings: Record<Name, number>, say: (line: string) => void) => Promise<Report>;
}): Promise<void> {
  const { name, about, settings, play } = scenario;
  const named = Object.entries<Setting>(settings);
  try {
    const options = Object.fromEntries(named.map(([option]) => [option, { type: 'string' } as const]));
    const { values } = parseArgs({
      options: {
        ...options,
        url: { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      const lines = named.map(
        ([option, setting]) => `  --${`${option} N`.padEnd(16)}${setting.about} (default ${setting.fallback})`,
      );
      return void console.log(`npm run load:${name} -- [options]\n\n${about}\n\n${lines.join('\n')}\n${URL_HELP}`);
    }
    const given = values as Record<string, unknown>;
    const read = named.map(([option, { fallback, min, max }]): [string, number] => {
      const value = Number(given[option] ?? fallback);
      if (value >= min && value <= max) return [option, value];
      throw new ConfigError(`--${option}: a number from ${min} to ${max}`);
    });
    const target = findTarget(values.url);
    const say = (line: string) => console.error(`  ${line}`);
    const { figures, checks } = await play(target, Object.fromEntries(read) as Record<Name, number>, say);
    for (const [figure, value] of figures) console.log(`  ${figure.padEnd(28)}${value}`);
    for (const [what, holds] of checks) console.log(`  ${holds ? 'pass' : 'FAIL'}  ${what}`);
    const passed = checks.every(([, holds]) => holds);
    console.log(`${name}: ${passed ? 'pass' : 'FAIL'}`);
    process.exitCode = passed ? 0 : 1;
  } catch (fault) {
    exitOnStartFault(fault);
  }
}

/** Whether PostgreSQL and Redis have the same seats, as a check of a report. */
export async function agreeCheck({ databaseUrl, redisUrl, shards }: Target): Promise<Report['checks'][number]> {
  const log = createLogger({ LOG_LEVEL: 'warn' }, 'scenario');
  const system = await openSystem({ databaseUrl, redisUrl, shards, log });
  try {
    const { differences } = await system.audit();
    return ['PostgreSQL and Redis have the same seats', differences.length === 0];
  } finally {
    await system.close();
  }
}
