import { isNativeError } from 'node:util/types';
import pino from 'pino';
import { createRepeats } from './log-repeats.ts';

/** Fields that no log line shows, at the top of it or up to three levels below. */
const SECRET = [
  ...['password', 'passwordHash', 'token', 'secret', 'key', 'idempotencyKey', 'paymentReference'],
  ...[
    'authorization',
    'cookie',
    '["set-cookie"]',
    '["idempotency-key"]',
    '["x-admission-token"]',
    '["x-session-token"]',
  ],
  ...['ADMIN_TOKEN', 'AUTH_SECRET', 'DATABASE_URL', 'REDIS_URL'],
];
const LEVELS = ['', '*', '*.*', '*.*.*'];
const paths = LEVELS.flatMap((level) =>
  SECRET.map((name) => `${level}${level === '' || name.startsWith('[') ? '' : '.'}${name}`),
);

/**
 * The message of a fault without the values that PostgreSQL quotes from a row: in `Key (...)=(...)`, in `Failing row
 * contains (...)`, and where a value does not parse. They may be a person's name or address.
 */
export const withoutValues = (fault: string): string =>
  fault
    .replaceAll(/(Key \(.*?\))=\(.*\)/gs, '$1=(...)')
    .replaceAll(/(Failing row contains) \(.*\)/gs, '$1 (...)')
    .replaceAll(/(invalid input syntax for .*?|invalid input value for .*?|out of range.*?): ".*"/gs, '$1: "..."');

/** An error as logged: its type, message and stack, without fields that a client library added. */
function shownError(err: unknown): { type: string; message: string; stack?: string } {
  if (!isNativeError(err)) return { type: typeof err, message: withoutValues(String(err)) };
  const { name, message, stack = '' } = err;
  return { type: name, message: withoutValues(message), stack: withoutValues(stack) };
}

/** pino's number of the lowest level whose repeats are gathered. */
const WARN = 40;

/**
 * A hook that gathers warnings and errors that repeat: all of them pass here. pino calls it for enabled levels alone.
 */
function gatherRepeats({ note }: ReturnType<typeof createRepeats>) {
  return function logMethod(this: pino.Logger, args: Parameters<pino.LogFn>, method: pino.LogFn, level: number): void {
    if (level < WARN) return void method.apply(this, args);
    const [first, ...others] = args as [unknown, ...unknown[]];
    const hasFields = typeof first === 'object' && first !== null;
    const texts = hasFields ? others : args;
    const fields = first instanceof Error ? { err: first } : hasFields ? (first as Record<string, unknown>) : {};
    const write = (written: Record<string, unknown>) =>
      method.apply(this, [written, ...texts] as Parameters<pino.LogFn>);
    note({ level, message: texts[0], fields, write });
  };
}

/**
 * Structured log of one process, one JSON line each, on standard error: standard output is for people. A kind of fault
 * that repeats has one line a second, with its count in `repeats`.
 */
export function createLogger(
  config: { LOG_LEVEL: pino.LevelWithSilent },
  part: string,
  destination?: pino.DestinationStream,
) {
  const serializers = {
    fault: (fault: unknown) => (typeof fault === 'string' ? withoutValues(fault) : fault),
    err: shownError,
  };
  const base = { part, pid: process.pid };
  const repeats = createRepeats();
  const hooks = { streamWrite: keepFault, logMethod: gatherRepeats(repeats) };
  const options = { level: config.LOG_LEVEL, base, redact: { paths, censor: '...' }, serializers, hooks };
  if (destination !== undefined) return pino(options, destination);
  process.once('exit', repeats.flush);
  return pino(options, pino.destination(2));
}

/** A warning or an error that this process logged. */
type LoggedFault = { at: string; level: 'warn' | 'error' | 'fatal'; message: string; fault?: string };

/** The last warnings and errors of this process, the newest first. They are copied from the log, so without secrets. */
export const lastFaults: LoggedFault[] = [];

/** Warnings and errors in that list. */
const MAX_LAST_FAULTS = 30;

const LEVEL_NAMES = { 40: 'warn', 50: 'error', 60: 'fatal' } as const;

/** Characters of a fault in that list. */
const MAX_FAULT_LENGTH = 300;

/** A key of a trusted server or the token of a buyer, wherever a line has it. */
const TOKENS = /(fr[kb]_)[\w.-]+/g;

function keepFault(written: string): string {
  const line = /fr[kb]_/.test(written) ? written.replaceAll(TOKENS, '$1...') : written;
  if (!/^\{"level":[456]0,/.test(line)) return line;
  const {
    level,
    time,
    msg,
    err,
    fault = err?.message,
    repeats,
  } = JSON.parse(line) as {
    level: 40 | 50 | 60;
    time: number;
    msg?: string;
    err?: { message: string };
    fault?: unknown;
    repeats?: number;
  };
  const shortFault = typeof fault === 'string' ? { fault: fault.slice(0, MAX_FAULT_LENGTH) } : {};
  const message = (msg ?? '').slice(0, MAX_FAULT_LENGTH) + (repeats === undefined ? '' : ` (${repeats} times in 1 s)`);
  lastFaults.unshift({ at: new Date(time).toISOString(), level: LEVEL_NAMES[level], message, ...shortFault });
  lastFaults.length = Math.min(lastFaults.length, MAX_LAST_FAULTS);
  return line;
}

export type Logger = ReturnType<typeof createLogger>;
