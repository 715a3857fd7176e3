import pino from 'pino';
import type { Config } from './config.ts';

/** Structured log of one process, one JSON line each, on standard error: standard output is for people. */
export function createLogger(config: Pick<Config, 'LOG_LEVEL'>, part: string) {
  return pino({ level: config.LOG_LEVEL, base: { part, pid: process.pid } }, pino.destination(2));
}

export type Logger = ReturnType<typeof createLogger>;
